//! Who may do what: authentication schemes, ACL evaluation, and the repair of ACLs on the way in.

mod digest;
mod ip;

use std::net::IpAddr;

use proto::{Acl, AclList, ErrorCode, Id, perms};

pub use digest::{Algorithm, digest_id};

/// The rules of one server, fixed at start and shared by all threads.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// `zookeeper.skipACL`: nothing is checked.
    pub skip_acl: bool,
    /// The digest scheme; `None` when `DigestAuthenticationProvider.enabled` is false.
    pub digest: Option<Digest>,
    /// `zookeeper.ensembleAuthName` and whether the scheme is registered.
    pub ensemble: Option<Ensemble>,
    /// Schemes of which a connection needs one before any request (`enforce.auth.schemes`).
    pub enforced_schemes: Vec<String>,
}

/// The digest scheme's settings.
#[derive(Debug, Clone, Default)]
pub struct Digest {
    /// `DigestAuthenticationProvider.digestAlg`.
    pub algorithm: Algorithm,
    /// `DigestAuthenticationProvider.superDigest`.
    pub super_digest: Option<String>,
}

/// The ensemble scheme's settings.
#[derive(Debug, Clone, Default)]
pub struct Ensemble {
    /// The accepted names; `None` accepts every one.
    pub names: Option<Vec<String>>,
}

/// What an auth packet leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Reply with success; these identities are added.
    Accepted(Vec<Id>),
    /// Reply AUTHFAILED, then close.
    Failed,
    /// Close without a reply, so that the client tries another server.
    Dropped,
}

impl Rules {
    /// The identities of a fresh connection.
    pub fn initial_ids(address: IpAddr) -> Vec<Id> {
        vec![Id::new("ip", &ip::text(address))]
    }

    /// Answers an auth packet (`ZooKeeperServer.processPacket`).
    pub fn authenticate(&self, scheme: &str, auth: Option<&[u8]>, address: IpAddr) -> Outcome {
        match scheme {
            "ip" => Outcome::Accepted(Rules::initial_ids(address)),
            "digest" => match (&self.digest, auth) {
                (Some(digest), Some(auth)) => Outcome::Accepted(digest.ids(auth)),
                _ => Outcome::Failed,
            },
            "ensemble" => match &self.ensemble {
                Some(ensemble) => ensemble.check(auth.unwrap_or_default()),
                None => Outcome::Failed,
            },
            _ => Outcome::Failed,
        }
    }

    /// Whether a connection with these identities may send requests at all.
    pub fn satisfies_enforcement(&self, ids: &[Id]) -> bool {
        self.enforced_schemes.is_empty()
            || ids.iter().any(|id| self.enforced_schemes.iter().any(|s| s == id.scheme()))
    }

    /// Whether `ids` have any of the bits `wanted` in `acl` (`ZooKeeperServer.checkACL`).
    pub fn check(&self, acl: &AclList, wanted: i32, ids: &[Id]) -> Result<(), ErrorCode> {
        let entries = acl.entries();
        if self.skip_acl || entries.is_empty() || acl.is_open() || is_super(ids) {
            return Ok(());
        }
        let granted = |entry: &Acl| entry.perms & wanted != 0 && self.matches(&entry.id, ids);
        if entries.iter().any(granted) { Ok(()) } else { Err(ErrorCode::NoAuth) }
    }

    /// Whether an event about a node with this ACL may be shown.
    pub fn may_read(&self, acl: &AclList, ids: &[Id]) -> bool {
        self.check(acl, perms::READ, ids).is_ok()
    }

    /// Checks and completes an ACL that a client wants to store
    /// (`PrepRequestProcessor.fixupACL`): no duplicates, `auth` replaced by the caller's
    /// identities, every other scheme known and its id valid.
    pub fn fix_up(&self, acl: Option<&AclList>, ids: &[Id]) -> Result<AclList, ErrorCode> {
        let Some(acl) = acl else { return Err(ErrorCode::InvalidAcl) };
        if acl.is_open() {
            return Ok(AclList::open());
        }
        if acl.entries().is_empty() {
            return Err(ErrorCode::InvalidAcl);
        }
        let mut fixed = Vec::with_capacity(acl.entries().len());
        for entry in distinct(acl.entries())? {
            self.fix_up_entry(entry, ids, &mut fixed)?;
        }
        Ok(AclList::from(fixed))
    }

    /// The user behind an identity as whoAmI shows it; empty when nobody knows the scheme.
    pub fn user_name<'a>(&self, id: &'a Id) -> &'a str {
        match id.scheme() {
            "digest" if self.digest.is_some() => id.text().split(':').next().unwrap_or_default(),
            "ip" => id.text(),
            _ => "",
        }
    }

    fn fix_up_entry(&self, entry: &Acl, ids: &[Id], out: &mut Vec<Acl>) -> Result<(), ErrorCode> {
        // A null scheme is an invalid ACL; a null id stops Java with an internal error.
        let scheme = entry.id.scheme.as_deref().ok_or(ErrorCode::InvalidAcl)?;
        match scheme {
            "auth" => {
                let before = out.len();
                let authenticated = ids.iter().filter(|id| self.is_authenticated(id));
                out.extend(authenticated.map(|id| Acl { perms: entry.perms, id: id.clone() }));
                if out.len() == before { Err(ErrorCode::InvalidAcl) } else { Ok(()) }
            }
            "world" | "ip" | "digest" => {
                let text = entry.id.id.as_deref().ok_or(ErrorCode::MarshallingError)?;
                if !self.is_valid(scheme, text) {
                    return Err(ErrorCode::InvalidAcl);
                }
                out.push(entry.clone());
                Ok(())
            }
            _ => Err(ErrorCode::InvalidAcl),
        }
    }

    fn is_valid(&self, scheme: &str, text: &str) -> bool {
        match scheme {
            "world" => text == "anyone",
            "ip" => ip::is_valid(text),
            _ => self.digest.is_some() && digest::is_valid(text),
        }
    }

    fn is_authenticated(&self, id: &Id) -> bool {
        id.scheme() == "digest" && self.digest.is_some()
    }

    fn matches(&self, wanted: &Id, ids: &[Id]) -> bool {
        if wanted.is_anyone() {
            return true;
        }
        let same_scheme = ids.iter().filter(|id| id.scheme() == wanted.scheme());
        match wanted.scheme() {
            "ip" => same_scheme.into_iter().any(|id| ip::matches(id.text(), wanted.text())),
            "digest" if self.digest.is_some() => {
                same_scheme.into_iter().any(|id| id.text() == wanted.text())
            }
            _ => false,
        }
    }
}

impl Digest {
    fn ids(&self, auth: &[u8]) -> Vec<Id> {
        let digest = digest_id(self.algorithm, &String::from_utf8_lossy(auth));
        let mut ids = Vec::new();
        if self.super_digest.as_deref() == Some(&*digest) {
            ids.push(Id::new("super", ""));
        }
        ids.push(Id::new("digest", &digest));
        ids
    }
}

impl Ensemble {
    fn check(&self, name: &[u8]) -> Outcome {
        let known = match &self.names {
            None => true,
            Some(_) if name.is_empty() => true,
            Some(names) => names.iter().any(|known| known.as_bytes() == name),
        };
        if known { Outcome::Accepted(Vec::new()) } else { Outcome::Dropped }
    }
}

/// The entries without repetitions (`PrepRequestProcessor.removeDuplicates`).
///
/// Java compares an entry with those before it by permissions, then scheme, then id, and fails
/// when it gets to a part that is null.
fn distinct(entries: &[Acl]) -> Result<Vec<&Acl>, ErrorCode> {
    let mut kept: Vec<&Acl> = Vec::with_capacity(entries.len());
    for entry in entries {
        let mut is_new = true;
        for before in kept.iter().filter(|before| before.perms == entry.perms) {
            let scheme = entry.id.scheme.as_ref().ok_or(ErrorCode::MarshallingError)?;
            if before.id.scheme.as_ref() != Some(scheme) {
                continue;
            }
            let id = entry.id.id.as_ref().ok_or(ErrorCode::MarshallingError)?;
            if before.id.id.as_ref() == Some(id) {
                is_new = false;
                break;
            }
        }
        if is_new {
            kept.push(entry);
        }
    }
    Ok(kept)
}

fn is_super(ids: &[Id]) -> bool {
    ids.iter().any(|id| id.scheme() == "super")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules { digest: Some(Digest::default()), ..Rules::default() }
    }

    fn acl(perms: i32, scheme: &str, id: &str) -> AclList {
        AclList::from(vec![Acl { perms, id: Id::new(scheme, id) }])
    }

    #[test]
    fn any_of_the_wanted_bits_is_enough() {
        let list = acl(perms::READ, "world", "anyone");
        assert_eq!(rules().check(&list, perms::READ | perms::ADMIN, &[]), Ok(()));
        assert_eq!(rules().check(&list, perms::WRITE, &[]), Err(ErrorCode::NoAuth));
        assert_eq!(rules().check(&list, perms::WRITE, &[Id::new("super", "")]), Ok(()));
        assert_eq!(rules().check(&AclList::empty(), perms::WRITE, &[]), Ok(()));
    }

    #[test]
    fn auth_becomes_the_callers_identities() {
        let ids = [Id::new("ip", "127.0.0.1"), Id::new("digest", "u:h")];
        let fixed = rules().fix_up(Some(&acl(31, "auth", "")), &ids).unwrap();
        assert_eq!(fixed, acl(31, "digest", "u:h"));
        let nobody = rules().fix_up(Some(&acl(31, "auth", "")), &ids[..1]);
        assert_eq!(nobody, Err(ErrorCode::InvalidAcl));
    }

    #[test]
    fn bad_lists_are_refused() {
        for list in [
            AclList::empty(),
            acl(31, "world", "me"),
            acl(31, "foo", "x"),
            acl(31, "digest", "nocolon"),
            acl(31, "ip", "300.1.1.1"),
        ] {
            assert_eq!(rules().fix_up(Some(&list), &[]), Err(ErrorCode::InvalidAcl), "{list:?}");
        }
        assert_eq!(rules().fix_up(None, &[]), Err(ErrorCode::InvalidAcl));
    }

    #[test]
    fn a_null_behind_an_equal_beginning_stops_java() {
        let world = Acl { perms: 31, id: Id::new("world", "anyone") };
        let no_scheme = |perms| Acl { perms, id: Id { scheme: None, id: Some("x".into()) } };
        let fix = |second| rules().fix_up(Some(&AclList::from(vec![world.clone(), second])), &[]);
        assert_eq!(fix(no_scheme(31)), Err(ErrorCode::MarshallingError));
        assert_eq!(fix(no_scheme(1)), Err(ErrorCode::InvalidAcl));
    }

    #[test]
    fn the_super_digest_gives_both_identities() {
        let digest = digest_id(Algorithm::Sha1, "super:admin");
        let rules = Rules {
            digest: Some(Digest { super_digest: Some(digest.clone()), ..Digest::default() }),
            ..Rules::default()
        };
        let got = rules.authenticate("digest", Some(b"super:admin"), [127, 0, 0, 1].into());
        let want = vec![Id::new("super", ""), Id::new("digest", &digest)];
        assert_eq!(got, Outcome::Accepted(want));
    }

    #[test]
    fn an_unknown_ensemble_name_is_dropped() {
        let names = Some(vec!["a".to_owned()]);
        let rules = Rules { ensemble: Some(Ensemble { names }), ..Rules::default() };
        let address = [127, 0, 0, 1].into();
        assert_eq!(rules.authenticate("ensemble", Some(b"b"), address), Outcome::Dropped);
        assert_eq!(rules.authenticate("ensemble", Some(b"a"), address), Outcome::Accepted(vec![]));
        assert_eq!(Rules::default().authenticate("ensemble", None, address), Outcome::Failed);
    }
}
