use std::fmt::Write as _;
use std::fs;

use anyhow::Result;
use testkit::java::workspace_root;

use super::Results;
use super::load::Numbers;

/// Writes both files below `docs/benchmarks`.
pub fn write(results: &Results, text: &str, name: &str) -> Result<()> {
    let folder = workspace_root().join("docs").join("benchmarks");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("{name}.json")), serde_json::to_string_pretty(results)? + "\n")?;
    fs::write(folder.join(format!("{name}.md")), text)?;
    eprintln!("written: docs/benchmarks/{name}.md and .json");
    Ok(())
}

/// The results as a document.
pub fn markdown(results: &Results) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = put(&mut out, results);
    out
}

fn put(out: &mut String, results: &Results) -> std::fmt::Result {
    let [other, ours] = &results.servers;
    writeln!(out, "# {ours} against {other}\n")?;
    writeln!(out, "`{}`\n", results.command)?;
    put_machine(out, results)?;
    writeln!(out, "\n## Load\n")?;
    writeln!(
        out,
        "Connections x requests in flight on each; 1 KiB of data, 1000 keys; medians of {} runs of \
         {} s after {} s of warm-up, servers in turn; every write synced to disk before its \
         answer. CPU is that of the server process, both modes, per operation.\n",
        results.plan.rounds, results.plan.seconds, results.plan.warmup_seconds
    )?;
    writeln!(
        out,
        "| case | {other} op/s | {ours} op/s | ratio | {other} CPU us | {ours} CPU us | ratio | \
         {other} p50/p99/p99.9 us | {ours} p50/p99/p99.9 us | errors |\n\
         | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |"
    )?;
    for result in &results.cases {
        let [a, b] = &result.numbers;
        writeln!(
            out,
            "| {} | {:.0} | {:.0} | {} | {:.2} | {:.2} | {} | {} | {} | {} |",
            result.case,
            a.ops_per_second,
            b.ops_per_second,
            ratio(b.ops_per_second, a.ops_per_second),
            a.server_cpu_us_per_op,
            b.server_cpu_us_per_op,
            ratio(b.server_cpu_us_per_op, a.server_cpu_us_per_op),
            latencies(a),
            latencies(b),
            a.errors + b.errors,
        )?;
    }
    put_memory(out, results)
}

fn put_machine(out: &mut String, results: &Results) -> std::fmt::Result {
    let machine = &results.machine;
    writeln!(
        out,
        "{}, commit {}: {} ({} logical processors, shared by server and load generator), {} GiB, \
         {}, {}; fdatasync of 1 KiB takes {} us.",
        machine.date,
        machine.commit,
        machine.processor,
        machine.processors,
        machine.memory_gib,
        machine.system,
        machine.java,
        machine.fdatasync_us,
    )
}

fn put_memory(out: &mut String, results: &Results) -> std::fmt::Result {
    let [other, ours] = &results.servers;
    let (Some([idle_a, idle_b]), Some([big_a, big_b])) = (&results.idle, &results.big) else {
        return Ok(());
    };
    writeln!(out, "\n## Start and memory\n")?;
    writeln!(out, "| what | {other} | {ours} | ratio |\n| --- | --: | --: | --: |")?;
    let mut row = |what: &str, a: f64, b: f64, unit: &str| {
        writeln!(out, "| {what} | {a:.1} {unit} | {b:.1} {unit} | {} |", ratio(b, a))
    };
    let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
    row("start to first reply, empty", idle_a.start_ms, idle_b.start_ms, "ms")?;
    row("resident, idle", mib(idle_a.rss_bytes), mib(idle_b.rss_bytes), "MiB")?;
    let nodes = format!("{} nodes of 100 B", big_a.nodes);
    row(&format!("{nodes}: created in"), big_a.create_seconds, big_b.create_seconds, "s")?;
    let (a, b) = (mib(big_a.created_rss_bytes), mib(big_b.created_rss_bytes));
    row(&format!("{nodes}: resident then"), a, b, "MiB")?;
    row(&format!("{nodes}: start to first reply"), big_a.start_seconds, big_b.start_seconds, "s")?;
    let (a, b) = (mib(big_a.loaded_rss_bytes), mib(big_b.loaded_rss_bytes));
    row(&format!("{nodes}: resident after start"), a, b, "MiB")
}

fn latencies(numbers: &Numbers) -> String {
    format!("{:.0}/{:.0}/{:.0}", numbers.p50_us, numbers.p99_us, numbers.p99_9_us)
}

/// Ours to the other's.
fn ratio(ours: f64, other: f64) -> String {
    if other == 0.0 { "-".into() } else { format!("{:.2}", ours / other) }
}
