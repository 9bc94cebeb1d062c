use foldhash::quality::FixedState;
use hashbrown::HashMap;
use proto::{Acl, AclList, Id};

/// The list that nearly all nodes have; it is not counted.
pub(crate) const OPEN: u32 = 0;

/// Every ACL in use, once (`ReferenceCountedACLCache`). A node holds the number of its list.
pub(crate) struct AclTable {
    /// Number 0 is [`OPEN`]. An unused entry has no references.
    entries: Vec<Entry>,
    by_list: HashMap<AclList, u32, FixedState>,
    free: Vec<u32>,
}

struct Entry {
    list: AclList,
    references: u64,
}

impl AclTable {
    pub(crate) fn new(hash_seed: u64) -> Self {
        AclTable {
            entries: vec![Entry { list: AclList::open(), references: 0 }],
            by_list: HashMap::with_hasher(FixedState::with_seed(hash_seed)),
            free: Vec::new(),
        }
    }

    /// The number of `list`, counting one more use of it.
    pub(crate) fn acquire(&mut self, list: &AclList) -> u32 {
        if list.is_open() {
            return OPEN;
        }
        if let Some(&id) = self.by_list.get(list) {
            self.entries[id as usize].references += 1;
            return id;
        }
        let entry = Entry { list: list.clone(), references: 1 };
        let id = match self.free.pop() {
            Some(id) => {
                self.entries[id as usize] = entry;
                id
            }
            None => {
                self.entries.push(entry);
                (self.entries.len() - 1) as u32
            }
        };
        self.by_list.insert(list.clone(), id);
        id
    }

    /// Counts one more use of a list that is in use.
    pub(crate) fn acquire_again(&mut self, id: u32) -> u32 {
        if id != OPEN {
            self.entries[id as usize].references += 1;
        }
        id
    }

    /// Ends one use; the last one frees the number.
    pub(crate) fn release(&mut self, id: u32) {
        if id == OPEN {
            return;
        }
        let entry = &mut self.entries[id as usize];
        entry.references -= 1;
        if entry.references == 0 {
            let list = std::mem::replace(&mut entry.list, AclList::open());
            self.by_list.remove(&list);
            self.free.push(id);
        }
    }

    pub(crate) fn list(&self, id: u32) -> &AclList {
        &self.entries[id as usize].list
    }

    /// All lists but the open one with their keys, in the order of the keys.
    pub(crate) fn snapshot(&self) -> Vec<(i64, AclList)> {
        let numbered = (0..).zip(&self.entries);
        let used = numbered.filter(|(_, entry)| entry.references > 0);
        used.map(|(id, entry)| (key(id), entry.list.clone())).collect()
    }

    #[cfg(test)]
    pub(crate) fn references(&self, id: u32) -> u64 {
        self.entries[id as usize].references
    }
}

/// The key of a list in a snapshot: -1 for the open one, which the snapshot does not spell out.
pub(crate) fn key(id: u32) -> i64 {
    if id == OPEN { -1 } else { i64::from(id) }
}

/// What a node gets whose list is missing in the snapshot: nobody may do anything.
pub(crate) fn nobody() -> AclList {
    AclList::from(vec![Acl { perms: 0, id: Id::new("world", "anyone") }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_shared_counted_and_forgotten() {
        let mut table = AclTable::new(1);
        assert_eq!(table.acquire(&AclList::open()), OPEN);
        assert_eq!(table.acquire(&AclList::from(AclList::open().entries().to_vec())), OPEN);
        let read = table.acquire(&AclList::read_only());
        assert_eq!(table.acquire(&AclList::read_only()), read);
        assert_eq!(table.references(read), 2);
        assert_eq!(table.snapshot(), vec![(1, AclList::read_only())]);
        table.release(read);
        table.release(read);
        table.release(OPEN);
        assert_eq!(table.snapshot(), vec![]);
        assert_eq!(table.acquire(&nobody()), read);
        assert_eq!(table.list(read), &nobody());
        assert_eq!(key(OPEN), -1);
    }
}
