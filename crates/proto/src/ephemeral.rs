use thiserror::Error;

/// The largest TTL, ms: 40 bits, about 34 years.
pub const TTL_MAX_MS: i64 = 0xff_ffff_ffff;

const CONTAINER_OWNER: i64 = i64::MIN;
const EXTENDED_MASK: i64 = 0xff00_0000_0000_0000_u64 as i64;
const FEATURE_MASK: i64 = 0x00ff_ff00_0000_0000;

/// What the stored ephemeral owner of a node means (`EphemeralType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EphemeralType {
    /// A plain node.
    Void,
    /// An ephemeral of the session in the owner field.
    Session,
    /// A container: deleted some time after its last child.
    Container,
    /// Deleted when it has no children and was not modified for this long, ms.
    Ttl(i64),
}

/// An extended owner whose feature is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("Invalid ephemeralOwner. [{0:x}]")]
pub struct InvalidOwner(pub i64);

/// How owners are read; two properties switch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EphemeralRules {
    /// `zookeeper.extendedTypesEnabled`: TTL nodes exist.
    pub extended_types: bool,
    /// `zookeeper.emulate353TTLNodes`: negative owners are TTLs as release 3.5.3 wrote them.
    pub emulate_353: bool,
}

impl EphemeralRules {
    /// What `owner` means.
    pub fn classify(&self, owner: i64) -> Result<EphemeralType, InvalidOwner> {
        if self.extended_types {
            if self.emulate_353 && owner < 0 && owner != CONTAINER_OWNER {
                return Ok(EphemeralType::Ttl(owner & !(EXTENDED_MASK | FEATURE_MASK)));
            }
            if owner & EXTENDED_MASK == EXTENDED_MASK {
                if owner & FEATURE_MASK != 0 {
                    return Err(InvalidOwner(owner));
                }
                return Ok(EphemeralType::Ttl(owner & TTL_MAX_MS));
            }
        }
        Ok(match owner {
            CONTAINER_OWNER => EphemeralType::Container,
            0 => EphemeralType::Void,
            _ => EphemeralType::Session,
        })
    }
}

impl EphemeralType {
    /// The stored owner of a container.
    pub const CONTAINER_OWNER: i64 = CONTAINER_OWNER;

    /// The stored owner of a TTL node; `None` when `ttl_ms` is not in 1..=[`TTL_MAX_MS`].
    pub fn ttl_owner(ttl_ms: i64) -> Option<i64> {
        (1..=TTL_MAX_MS).contains(&ttl_ms).then_some(EXTENDED_MASK | ttl_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_mean_what_java_says() {
        let plain = EphemeralRules::default();
        let extended = EphemeralRules { extended_types: true, emulate_353: false };
        let ttl = EphemeralType::ttl_owner(5000).unwrap();
        assert_eq!(plain.classify(0), Ok(EphemeralType::Void));
        assert_eq!(plain.classify(i64::MIN), Ok(EphemeralType::Container));
        assert_eq!(plain.classify(ttl), Ok(EphemeralType::Session));
        assert_eq!(extended.classify(ttl), Ok(EphemeralType::Ttl(5000)));
        assert_eq!(extended.classify(0x0100_0000_0000_0001), Ok(EphemeralType::Session));
        let unknown = ttl | 0x0000_0100_0000_0000;
        assert_eq!(extended.classify(unknown), Err(InvalidOwner(unknown)));
        assert_eq!(EphemeralType::ttl_owner(0), None);
        assert_eq!(EphemeralType::ttl_owner(TTL_MAX_MS + 1), None);
    }
}
