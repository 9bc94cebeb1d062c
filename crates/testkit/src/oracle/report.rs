use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One difference, with what is needed to see it again.
#[derive(Debug, Clone)]
pub struct Difference {
    /// Operation and both result codes: equal for differences with one cause, mostly.
    pub signature: String,
    /// The whole story.
    pub text: String,
}

/// What a run found.
#[derive(Debug, Default)]
pub struct Report {
    /// Operations that both servers answered.
    pub ops: usize,
    /// How often each operation ended with each result on the first server.
    pub results: BTreeMap<(String, String), usize>,
    /// How many events arrived.
    pub events: usize,
    /// Nodes compared in the final trees.
    pub nodes: usize,
    /// Meant differences, by name.
    pub explained: BTreeMap<&'static str, usize>,
    /// The others.
    pub differences: Vec<Difference>,
    /// Rounds in which there was one.
    pub rounds_with_differences: usize,
}

impl Report {
    /// Whether both servers behaved alike.
    pub fn is_clean(&self) -> bool {
        self.differences.is_empty()
    }

    /// Which results each operation had, as a table.
    pub fn coverage(&self) -> String {
        let mut by_op: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for ((op, result), count) in &self.results {
            by_op.entry(op).or_default().push(format!("{result} {count}"));
        }
        let line = |(op, results): (&str, Vec<String>)| format!("{op:22} {}\n", results.join(", "));
        by_op.into_iter().map(line).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = BTreeSet::new();
        for difference in &self.differences {
            if told.insert(&difference.signature) {
                writeln!(f, "{}\n", difference.text)?;
            }
        }
        write!(f, "{}", self.coverage())?;
        for (name, count) in &self.explained {
            writeln!(f, "explained: {name}, {count} times")?;
        }
        let mut signatures: BTreeMap<&str, usize> = BTreeMap::new();
        for difference in &self.differences {
            *signatures.entry(&difference.signature).or_default() += 1;
        }
        for (signature, count) in signatures {
            writeln!(f, "difference: {signature}, {count} times")?;
        }
        write!(
            f,
            "{} operations, {} events and {} final nodes compared, {} unexplained differences",
            self.ops,
            self.events,
            self.nodes,
            self.differences.len()
        )
    }
}
