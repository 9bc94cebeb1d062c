use std::hash::{BuildHasher, Hasher};

use foldhash::quality::FixedState;
use hashbrown::HashTable;

use crate::arena::Arena;

const SHARDS: usize = 1024;

/// Finds the child of a node by its name.
///
/// It holds ids only; names are compared in the arena. The table is cut in shards, because a
/// hash table that grows moves everything at once: a shard moves a thousandth of the tree, and
/// the shards do not grow together.
pub(crate) struct Index {
    hasher: FixedState,
    shards: Box<[HashTable<u32>]>,
}

impl Index {
    pub(crate) fn new(seed: u64) -> Self {
        let shards = (0..SHARDS).map(|_| HashTable::new()).collect();
        Index { hasher: FixedState::with_seed(seed), shards }
    }

    pub(crate) fn find(&self, arena: &Arena, parent: u32, name: &[u8]) -> Option<u32> {
        let hash = hash(&self.hasher, parent, name);
        self.shards[shard(hash)]
            .find(hash, |&id| {
                let node = &arena[id];
                node.parent == parent && node.name.as_bytes() == name
            })
            .copied()
    }

    /// Adds a node that is in the arena with its parent set, and not yet here.
    pub(crate) fn insert(&mut self, arena: &Arena, id: u32) {
        let hasher = &self.hasher;
        let rehash = |&id: &u32| {
            let node = &arena[id];
            hash(hasher, node.parent, node.name.as_bytes())
        };
        let hash = rehash(&id);
        self.shards[shard(hash)].insert_unique(hash, id, rehash);
    }

    /// Forgets a node that is still in the arena.
    pub(crate) fn remove(&mut self, arena: &Arena, id: u32) {
        let node = &arena[id];
        let hash = hash(&self.hasher, node.parent, node.name.as_bytes());
        if let Ok(entry) = self.shards[shard(hash)].find_entry(hash, |&other| other == id) {
            entry.remove();
        }
    }
}

fn hash(hasher: &FixedState, parent: u32, name: &[u8]) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write_u32(parent);
    hasher.write(name);
    hasher.finish()
}

/// The table itself uses the lowest and the highest bits.
fn shard(hash: u64) -> usize {
    (hash >> 40) as usize % SHARDS
}
