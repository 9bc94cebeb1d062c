use super::Generator;

const ROOTS: [&str; 7] = ["a", "b", "c", "d", "q", "q2", "chroot"];
const NAMES: [&str; 6] = ["a", "b", "c", "n", "é", "x"];

/// Quotas that real clients could set; other texts stop the Java server when they are applied.
const LIMITS: [&str; 7] = [
    "count=6,bytes=200",
    "count=-1,bytes=-1",
    "count=4,bytes=100=;byteHardLimit=60;countHardLimit=4",
    "count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=5",
    "count=-1,bytes=-1=;byteHardLimit=40;countHardLimit=-1",
    "countHardLimit=8",
    "byteHardLimit=0",
];

const QUOTA_NODES: [&str; 12] = [
    "/zookeeper/quota/q",
    "/zookeeper/quota/q/zookeeper_limits",
    "/zookeeper/quota/q/zookeeper_stats",
    "/zookeeper/quota/q2",
    "/zookeeper/quota/q2/zookeeper_limits",
    "/zookeeper/quota/q2/zookeeper_stats",
    "/zookeeper/quota/q/a",
    "/zookeeper/quota/q/a/zookeeper_limits",
    "/zookeeper/quota/q/a/zookeeper_stats",
    "/zookeeper/quota/chroot",
    "/zookeeper/quota/chroot/zookeeper_limits",
    "/zookeeper/quota/chroot/zookeeper_stats",
];

const RESERVED: [&str; 5] =
    ["/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config", "/zookeeper/nothing"];

const BAD: [&str; 24] = [
    "",
    "a",
    "a/b",
    "//",
    "//a",
    "/a/",
    "/a//b",
    "/.",
    "/..",
    "/a/.",
    "/a/./b",
    "/a/../b",
    "/a/..",
    "/\u{0}",
    "/a\u{0}b",
    "/a\u{1}",
    "/a\u{7f}",
    "/a\u{9f}",
    "/a\u{e000}",
    "/a\u{fff0}",
    "/a\u{fffd}",
    "/a\u{1f600}",
    "/a/b/",
    "/no/such/place/here/",
];

const ODD: [&str; 8] = [
    "/a b",
    "/...",
    "/a/.b",
    "/a/b..",
    "/\u{3042}\u{3044}",
    "/a/\u{ffef}",
    "/zookeeper2",
    "/a\u{d7ff}",
];

impl Generator {
    /// Any path, mostly one that exists or could; `None` is null.
    pub(super) fn path(&mut self) -> Option<String> {
        Some(match self.rng.weighted(&[400, 440, 70, 25, 35, 15, 4, 25]) {
            0 => self.plain_path(),
            1 => self.recent_path(),
            2 => format!("{}/{}", self.recent_path(), self.rng.pick(&NAMES)),
            3 => (*self.rng.pick(&RESERVED)).to_owned(),
            4 => (*self.rng.pick(&BAD)).to_owned(),
            5 => (*self.rng.pick(&ODD)).to_owned(),
            6 => return None,
            _ => (*self.rng.pick(&QUOTA_NODES)).to_owned(),
        })
    }

    /// A valid path from a small set.
    pub(super) fn plain_path(&mut self) -> String {
        let depth = self.rng.number(&[0, 1, 1, 1, 2, 2]);
        let mut path = format!("/{}", self.rng.pick(&ROOTS));
        for _ in 0..depth {
            path.push('/');
            path.push_str(self.rng.pick(&NAMES));
        }
        path
    }

    /// A path that was created not long ago.
    pub(super) fn recent_path(&mut self) -> String {
        match self.recent.get(self.rng.below(self.recent.len())) {
            Some(path) => path.clone(),
            None => self.plain_path(),
        }
    }

    /// Data that fits the path.
    pub(super) fn data(&mut self, path: Option<&str>) -> Option<Vec<u8>> {
        if path.is_some_and(|path| path.starts_with("/zookeeper/quota/")) {
            return Some(self.rng.pick(&LIMITS).as_bytes().to_vec());
        }
        let length = match self.rng.weighted(&[60, 100, 700, 130, 8, 1]) {
            0 => return None,
            1 => 0,
            2 => self.rng.below(24),
            3 => 50 + self.rng.below(300),
            4 => 10_000 + self.rng.below(60_000),
            // Up to and a little above what fits in a frame with its path.
            _ => 0xf_ffff - self.rng.below(400),
        };
        let byte = self.rng.next();
        Some((0..length).map(|at| (byte >> (at % 8 * 8)) as u8).collect())
    }

    /// A version for the path: often any, often right.
    pub(super) fn version(&mut self, path: Option<&str>, of_acl: bool) -> i32 {
        let known = path.and_then(|path| self.versions.get(path)).copied().unwrap_or_default();
        let right = if of_acl { known.1 } else { known.0 };
        match self.rng.weighted(&[60, 30, 6, 3, 1]) {
            0 => -1,
            1 => right,
            2 => right.wrapping_add(self.rng.number(&[-1, 1])),
            3 => self.rng.below(6) as i32,
            _ => self.rng.number(&[-2, i32::MIN, i32::MAX]),
        }
    }
}
