use std::fs;

use crate::shared::Shared;

/// What Java prints for a property that is not there.
const ABSENT: &str = "<NA>";

/// The answer of `envi`. The keys are Java's, because tools look for them; a native server has
/// nothing to say to most of them.
pub(super) fn text(shared: &Shared) -> String {
    let lines: String =
        list(shared).into_iter().map(|(key, value)| format!("{key}={value}\n")).collect();
    format!("Environment:\n{lines}")
}

fn list(shared: &Shared) -> Vec<(&'static str, String)> {
    let absent = || ABSENT.to_owned();
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| absent());
    let kernel = |name: &str| match fs::read_to_string(format!("/proc/sys/kernel/{name}")) {
        Ok(text) => text.trim_end().to_owned(),
        Err(_) => absent(),
    };
    let memory = Memory::read();
    vec![
        ("zookeeper.version", shared.version.full()),
        ("host.name", kernel("hostname")),
        ("java.version", absent()),
        ("java.vendor", absent()),
        ("java.home", absent()),
        ("java.class.path", absent()),
        ("java.library.path", absent()),
        ("java.io.tmpdir", std::env::temp_dir().display().to_string()),
        ("java.compiler", absent()),
        ("os.name", kernel("ostype")),
        ("os.arch", java_arch(std::env::consts::ARCH).to_owned()),
        ("os.version", kernel("osrelease")),
        ("user.name", user_name().unwrap_or_else(absent)),
        ("user.home", variable("HOME")),
        ("user.dir", std::env::current_dir().map_or(absent(), |dir| dir.display().to_string())),
        ("os.memory.free", memory.free_mb()),
        ("os.memory.max", memory.max_mb()),
        ("os.memory.total", memory.total_mb()),
    ]
}

/// Java asks the system, not the environment.
fn user_name() -> Option<String> {
    let id = rustix::process::getuid().as_raw().to_string();
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let entry = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    entry.into_iter().find(|entry| entry.get(2) == Some(&&*id)).map(|entry| entry[0].to_owned())
}

fn java_arch(arch: &str) -> &str {
    match arch {
        "x86_64" => "amd64",
        other => other,
    }
}

/// Where Java shows its heap: what the machine has, and what this process uses of it, in KiB.
#[derive(Default)]
struct Memory {
    machine_kib: u64,
    available_kib: u64,
    resident_kib: u64,
}

impl Memory {
    fn read() -> Self {
        let machine = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let process = fs::read_to_string("/proc/self/status").unwrap_or_default();
        Memory {
            machine_kib: field(&machine, "MemTotal:"),
            available_kib: field(&machine, "MemAvailable:"),
            resident_kib: field(&process, "VmRSS:"),
        }
    }

    fn free_mb(&self) -> String {
        format!("{}MB", self.available_kib / 1024)
    }

    fn max_mb(&self) -> String {
        format!("{}MB", self.machine_kib / 1024)
    }

    fn total_mb(&self) -> String {
        format!("{}MB", self.resident_kib / 1024)
    }
}

fn field(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
