use proto::{Data, StatPersisted, Zxid};

use crate::name::Name;

/// No node: the end of a list.
pub(crate) const NONE: u32 = u32::MAX;

/// One znode, one cache line.
#[repr(align(64))]
pub(crate) struct Node {
    /// [`NONE`] for the root.
    pub(crate) parent: u32,
    /// The sibling created after this one; in a free slot the next free slot.
    pub(crate) next: u32,
    /// The sibling created before this one.
    pub(crate) prev: u32,
    /// See [`crate::acl::AclTable`].
    pub(crate) acl: u32,
    pub(crate) name: Name,
    pub(crate) data: Data,
    pub(crate) czxid: Zxid,
    pub(crate) ctime_ms: i64,
    /// Absent in a plain leaf that was never modified.
    pub(crate) ext: Option<Box<Ext>>,
}

const _: () = assert!(size_of::<Node>() == 64);

/// What most nodes do not need.
pub(crate) struct Ext {
    pub(crate) mzxid: Zxid,
    pub(crate) mtime_ms: i64,
    pub(crate) pzxid: Zxid,
    pub(crate) owner: i64,
    pub(crate) version: i32,
    pub(crate) cversion: i32,
    pub(crate) aversion: i32,
    pub(crate) first_child: u32,
    pub(crate) last_child: u32,
    pub(crate) child_count: u32,
}

const _: () = assert!(size_of::<Ext>() == 56);

impl Node {
    pub(crate) fn new(name: Name, data: Data, acl: u32, stat: &StatPersisted) -> Self {
        let mut node = Node {
            parent: NONE,
            next: NONE,
            prev: NONE,
            acl,
            name,
            data,
            czxid: stat.czxid,
            ctime_ms: stat.ctime_ms,
            ext: None,
        };
        if node.persisted() != *stat {
            node.set_persisted(stat);
        }
        node
    }

    /// An unused slot, part of the free list.
    pub(crate) fn free(next: u32) -> Self {
        let mut node = Node::new(Name::new(""), Data::NULL, 0, &StatPersisted::default());
        node.next = next;
        node
    }

    pub(crate) fn persisted(&self) -> StatPersisted {
        let plain = StatPersisted {
            czxid: self.czxid,
            mzxid: self.czxid,
            ctime_ms: self.ctime_ms,
            mtime_ms: self.ctime_ms,
            pzxid: self.czxid,
            ..StatPersisted::default()
        };
        match &self.ext {
            None => plain,
            Some(ext) => StatPersisted {
                mzxid: ext.mzxid,
                mtime_ms: ext.mtime_ms,
                version: ext.version,
                cversion: ext.cversion,
                aversion: ext.aversion,
                ephemeral_owner: ext.owner,
                pzxid: ext.pzxid,
                ..plain
            },
        }
    }

    /// Takes all of `stat` but the creation, which never changes.
    fn set_persisted(&mut self, stat: &StatPersisted) {
        let ext = self.ext_mut();
        ext.mzxid = stat.mzxid;
        ext.mtime_ms = stat.mtime_ms;
        ext.version = stat.version;
        ext.cversion = stat.cversion;
        ext.aversion = stat.aversion;
        ext.owner = stat.ephemeral_owner;
        ext.pzxid = stat.pzxid;
    }

    pub(crate) fn ext_mut(&mut self) -> &mut Ext {
        let (czxid, ctime_ms) = (self.czxid, self.ctime_ms);
        self.ext.get_or_insert_with(|| {
            Box::new(Ext {
                mzxid: czxid,
                mtime_ms: ctime_ms,
                pzxid: czxid,
                owner: 0,
                version: 0,
                cversion: 0,
                aversion: 0,
                first_child: NONE,
                last_child: NONE,
                child_count: 0,
            })
        })
    }

    pub(crate) fn owner(&self) -> i64 {
        self.ext.as_ref().map_or(0, |ext| ext.owner)
    }

    pub(crate) fn cversion(&self) -> i32 {
        self.ext.as_ref().map_or(0, |ext| ext.cversion)
    }

    pub(crate) fn pzxid(&self) -> Zxid {
        self.ext.as_ref().map_or(self.czxid, |ext| ext.pzxid)
    }

    pub(crate) fn first_child(&self) -> u32 {
        self.ext.as_ref().map_or(NONE, |ext| ext.first_child)
    }

    pub(crate) fn child_count(&self) -> u32 {
        self.ext.as_ref().map_or(0, |ext| ext.child_count)
    }
}
