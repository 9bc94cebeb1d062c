use crate::rng::Rng;

/// What a run is like. Drawn from the seed, so that runs differ in kind and not only in detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knobs {
    /// Servers that vote.
    pub voters: i64,
    /// Servers that observe.
    pub observers: i64,
    /// Whether the voters are in groups with weights.
    pub hierarchical: bool,
    /// `tickTime`, ms.
    pub tick_ms: i64,
    /// How long faults go on, ms.
    pub faults_ms: i64,
    /// The longest way of a message, ms.
    pub delay_max_ms: i64,
    /// The longest write to a disk, ms.
    pub disk_max_ms: i64,
    /// The mean pause between two faults, ms.
    pub fault_every_ms: i64,
    /// The mean pause between two requests of clients, ms.
    pub request_every_ms: i64,
    /// Which faults there are.
    pub crashes: bool,
    /// See [`Knobs::crashes`].
    pub power_losses: bool,
    /// See [`Knobs::crashes`].
    pub partitions: bool,
    /// See [`Knobs::crashes`].
    pub one_way: bool,
    /// See [`Knobs::crashes`].
    pub pauses: bool,
    /// See [`Knobs::crashes`].
    pub resets: bool,
    /// See [`Knobs::crashes`].
    pub wipes: bool,
    /// Whether one voter can reach only one other after the faults.
    pub partial_links: bool,
    /// The last counter of an epoch; small ones force elections.
    pub counter_max: u32,
    /// How many entries behind its end a log keeps.
    pub log_kept: usize,
    /// Whether everybody is always synchronized by snapshot.
    pub force_snapshot: bool,
}

impl Knobs {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        Knobs {
            voters: rng.one_of(&[3, 3, 3, 5, 5]),
            observers: rng.one_of(&[0, 0, 1, 2]),
            hierarchical: rng.chance(100),
            tick_ms: rng.one_of(&[100, 200, 400]),
            faults_ms: rng.between(5_000, 25_000),
            delay_max_ms: rng.one_of(&[2, 5, 20, 60]),
            disk_max_ms: rng.one_of(&[1, 5, 20, 100]),
            fault_every_ms: rng.one_of(&[100, 300, 700, 1500]),
            request_every_ms: rng.one_of(&[15, 40, 80, 200]),
            crashes: rng.chance(800),
            power_losses: rng.chance(700),
            partitions: rng.chance(600),
            one_way: rng.chance(400),
            pauses: rng.chance(400),
            resets: rng.chance(600),
            wipes: rng.chance(80),
            partial_links: rng.chance(150),
            counter_max: rng.one_of(&[u32::MAX - 1, u32::MAX - 1, u32::MAX - 1, 9, 40]),
            log_kept: rng.one_of(&[3, 10, 100, 10_000]),
            force_snapshot: rng.chance(60),
        }
    }
}
