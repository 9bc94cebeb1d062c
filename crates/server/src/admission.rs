use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use thiserror::Error;

/// Who may connect: counts connections, all together and by address.
#[derive(Debug)]
pub(crate) struct Admission {
    per_address_max: Option<u32>,
    all_max: Option<u32>,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    all: u32,
    by_address: HashMap<IpAddr, u32, RandomState>,
}

/// Why a connection is turned away, in Java's words.
#[derive(Debug, PartialEq, Eq, Error)]
pub(crate) enum Refused {
    #[error("Too many connections max allowed is {0}")]
    All(u32),
    #[error("Too many connections from /{0} - max is {1}")]
    Address(IpAddr, u32),
}

impl Admission {
    pub(crate) fn new(per_address_max: Option<u32>, all_max: Option<u32>) -> Self {
        Admission { per_address_max, all_max, counts: Mutex::default() }
    }

    /// Counts one more connection of `address`, or refuses it.
    pub(crate) fn enter(&self, address: IpAddr) -> Result<(), Refused> {
        let mut counts = self.lock();
        if let Some(max) = self.all_max.filter(|max| counts.all >= *max) {
            return Err(Refused::All(max));
        }
        let of_address = counts.by_address.entry(address).or_default();
        if let Some(max) = self.per_address_max.filter(|max| *of_address >= *max) {
            return Err(Refused::Address(address, max));
        }
        *of_address += 1;
        counts.all += 1;
        Ok(())
    }

    /// A connection of `address` is gone.
    pub(crate) fn leave(&self, address: IpAddr) {
        let mut counts = self.lock();
        counts.all = counts.all.saturating_sub(1);
        if let Some(of_address) = counts.by_address.get_mut(&address) {
            *of_address -= 1;
            if *of_address == 0 {
                counts.by_address.remove(&address);
            }
        }
    }

    /// How many connections there are.
    pub(crate) fn count(&self) -> u32 {
        self.lock().all
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

    #[test]
    fn the_caps_hold_and_places_come_back() {
        let admission = Admission::new(Some(1), Some(2));
        assert_eq!(admission.enter(HERE), Ok(()));
        assert_eq!(admission.enter(HERE), Err(Refused::Address(HERE, 1)));
        assert_eq!(admission.enter(THERE), Ok(()));
        assert_eq!(admission.enter(THERE), Err(Refused::All(2)));
        admission.leave(HERE);
        assert_eq!(admission.count(), 1);
        assert_eq!(admission.enter(HERE), Ok(()));
    }
}
