use std::ops::{Index, IndexMut};

use crate::node::{NONE, Node};

const CHUNK_BITS: u32 = 14;
const CHUNK_NODES: usize = 1 << CHUNK_BITS;

/// All nodes, found by number. It grows by chunks, so that nothing is ever copied.
pub(crate) struct Arena {
    chunks: Vec<Vec<Node>>,
    /// The head of the list of unused slots.
    free: u32,
    /// One bit per slot: whether it holds a node.
    used: BitSet,
    count: usize,
}

impl Arena {
    pub(crate) fn new() -> Self {
        Arena { chunks: Vec::new(), free: NONE, used: BitSet::default(), count: 0 }
    }

    pub(crate) fn insert(&mut self, node: Node) -> u32 {
        self.count += 1;
        let id = self.free;
        if id != NONE {
            self.free = self[id].next;
            self[id] = node;
            self.used.set(id);
            return id;
        }
        let id = self.slots();
        assert!(id != NONE, "the tree holds 2^32 - 1 nodes");
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK_NODES => chunk.push(node),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK_NODES);
                chunk.push(node);
                self.chunks.push(chunk);
            }
        }
        self.used.set(id);
        id
    }

    pub(crate) fn remove(&mut self, id: u32) -> Node {
        let next = self.free;
        let node = std::mem::replace(&mut self[id], Node::free(next));
        self.free = id;
        self.used.clear(id);
        self.count -= 1;
        node
    }

    /// How many nodes there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// One more than the largest id in use or free.
    pub(crate) fn slots(&self) -> u32 {
        let Some(last) = self.chunks.last() else { return 0 };
        ((self.chunks.len() - 1) * CHUNK_NODES + last.len()) as u32
    }

    /// Which slots hold a node.
    pub(crate) fn used(&self) -> &BitSet {
        &self.used
    }
}

impl Index<u32> for Arena {
    type Output = Node;

    fn index(&self, id: u32) -> &Node {
        &self.chunks[(id >> CHUNK_BITS) as usize][id as usize & (CHUNK_NODES - 1)]
    }
}

impl IndexMut<u32> for Arena {
    fn index_mut(&mut self, id: u32) -> &mut Node {
        &mut self.chunks[(id >> CHUNK_BITS) as usize][id as usize & (CHUNK_NODES - 1)]
    }
}

/// A set of small numbers, one bit each.
#[derive(Clone, Default)]
pub(crate) struct BitSet(Vec<u64>);

impl BitSet {
    pub(crate) fn set(&mut self, bit: u32) {
        let word = (bit / 64) as usize;
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (bit % 64);
    }

    pub(crate) fn clear(&mut self, bit: u32) {
        if let Some(word) = self.0.get_mut((bit / 64) as usize) {
            *word &= !(1 << (bit % 64));
        }
    }

    pub(crate) fn contains(&self, bit: u32) -> bool {
        self.0.get((bit / 64) as usize).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_used_again_and_chunks_are_crossed() {
        let mut arena = Arena::new();
        let ids: Vec<u32> = (0..5000).map(|_| arena.insert(Node::free(NONE))).collect();
        assert_eq!(ids, (0..5000).collect::<Vec<_>>());
        arena.remove(7);
        arena.remove(4999);
        assert!(!arena.used().contains(7));
        assert_eq!(arena.insert(Node::free(NONE)), 4999);
        assert_eq!(arena.insert(Node::free(NONE)), 7);
        assert_eq!(arena.insert(Node::free(NONE)), 5000);
        assert_eq!(arena.count(), 5001);
        assert!(arena.used().contains(7) && !arena.used().contains(5001));
    }
}
