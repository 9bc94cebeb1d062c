//! Settings of authentication and super users.

use super::Style::{Bool, BoolTrue, Class, ExactWord, List, Long, Path, Text};
use super::{KeySpec, SASL, STANDALONE, Status, TLS, bare, prop};

pub(super) static KEYS: &[KeySpec] = &[
    prop!(
        "DigestAuthenticationProvider.enabled",
        ("true", "-"),
        BoolTrue,
        STANDALONE,
        "The digest scheme is offered"
    ),
    prop!(
        "DigestAuthenticationProvider.superDigest",
        ("", "-"),
        Text,
        STANDALONE,
        "Digest id, super:base64, that passes every permission check"
    ),
    prop!(
        "DigestAuthenticationProvider.digestAlg",
        ("SHA1", "-"),
        Text,
        STANDALONE,
        "Hash of user:password in digest ids"
    ),
    prop!(
        "X509AuthenticationProvider.superUser",
        ("", "-"),
        Text,
        TLS,
        "Certificate subject that passes every permission check"
    ),
    prop!(
        "SASLAuthenticationProvider.superPassword",
        ("", "-"),
        Text,
        SASL,
        "DIGEST-MD5 password of the user super"
    ),
    prop!("superUser", ("", "-"), Text, SASL, "SASL id that passes every permission check"),
    prop!("superUser.*", ("", "-"), Text, SASL, "More such ids"),
    prop!("letAnySaslUserDoX", ("", "-"), Text, SASL, "ACL id that fits every SASL user"),
    prop!(
        "ensembleAuthName",
        ("", "-"),
        List,
        STANDALONE,
        "Names the ensemble scheme accepts; every name without it"
    ),
    prop!(
        "enforce.auth.enabled",
        ("false", "-"),
        Bool,
        STANDALONE,
        "Clients must authenticate before anything else"
    ),
    prop!(
        "enforce.auth.schemes",
        ("", "-"),
        List,
        STANDALONE,
        "Schemes of which one suffices for that"
    ),
    prop!(
        "sessionRequireClientSASLAuth",
        ("false", "-"),
        Bool,
        STANDALONE,
        "Clients must authenticate with SASL"
    ),
    prop!(
        "allowSaslFailedClients",
        ("false", "-"),
        Bool,
        SASL,
        "A failed SASL login does not end the connection"
    ),
    prop!(
        "authProvider.*",
        ("", "class"),
        Class,
        STANDALONE,
        "Offers one more scheme, by the name of its Java class"
    ),
    prop!("sasl.serverconfig", ("Server", "-"), Text, SASL, "JAAS section of this server"),
    bare("java.security.auth.login.config", ("", "path"), Path, SASL, "The JAAS file"),
    prop!(
        "kerberos.removeHostFromPrincipal",
        ("false", "-"),
        ExactWord("true"),
        SASL,
        "SASL ids lose their host"
    ),
    prop!(
        "kerberos.removeRealmFromPrincipal",
        ("false", "-"),
        ExactWord("true"),
        SASL,
        "SASL ids lose their realm"
    ),
    prop!(
        "kerberos.minReLoginTimeMs",
        ("60000", "ms"),
        Long,
        SASL,
        "Shortest time between two Kerberos logins"
    ),
    prop!(
        "requireKerberosConfig",
        ("", "-"),
        ExactWord("true"),
        SASL,
        "A start without a default realm fails"
    ),
    prop!(
        "security.auth_to_local",
        ("DEFAULT", "-"),
        Text,
        SASL,
        "Rules that turn a principal into a short name"
    ),
    prop!("kinit", ("/usr/bin/kinit", "path"), Path, SASL, "Program that renews tickets"),
    bare(
        "sun.security.jgss.native",
        ("false", "-"),
        Bool,
        Status::JvmOnly,
        "The JVM uses the system's GSS library",
    ),
];
