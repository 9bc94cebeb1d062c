//! Settings of TLS towards clients and between servers.

use super::Style::{Bool, BoolTrue, Class, Int, List, OneOf, Path, Text};
use super::{KeySpec, Status, TLS, bare, prop};

pub(super) static KEYS: &[KeySpec] = &[
    prop!(
        "fips-mode",
        ("true", "-"),
        BoolTrue,
        TLS,
        "Certificates are checked by the platform; DIGEST-MD5 is off"
    ),
    prop!("client.portUnification", ("false", "-"), Bool, TLS, "The TLS port takes plain text too"),
    prop!("client.certReload", ("false", "-"), Bool, TLS, "Changed client stores are read again"),
    prop!("ssl.protocol", ("TLSv1.3", "-"), Text, TLS, "TLS version towards clients"),
    prop!("ssl.enabledProtocols", ("ssl.protocol", "-"), List, TLS, "TLS versions accepted"),
    prop!("ssl.ciphersuites", ("built-in list", "-"), List, TLS, "Cipher suites accepted"),
    prop!("ssl.keyStore.location", ("", "path"), Path, TLS, "This server's key and certificate"),
    prop!("ssl.keyStore.password", ("", "-"), Text, TLS, "Password of the key store"),
    prop!("ssl.keyStore.passwordPath", ("", "path"), Path, TLS, "File with that password; it wins"),
    prop!(
        "ssl.keyStore.type",
        ("by extension", "-"),
        OneOf(STORES),
        TLS,
        "Format of the key store"
    ),
    prop!("ssl.trustStore.location", ("", "path"), Path, TLS, "Certificates to trust"),
    prop!("ssl.trustStore.password", ("", "-"), Text, TLS, "Password of the trust store"),
    prop!(
        "ssl.trustStore.passwordPath",
        ("", "path"),
        Path,
        TLS,
        "File with the trust store's password; it wins"
    ),
    prop!(
        "ssl.trustStore.type",
        ("by extension", "-"),
        OneOf(STORES),
        TLS,
        "Format of the trust store"
    ),
    prop!(
        "ssl.context.supplier.class",
        ("", "class"),
        Class,
        TLS,
        "Java class that builds the TLS context"
    ),
    prop!(
        "ssl.hostnameVerification",
        ("true", "-"),
        BoolTrue,
        TLS,
        "A connecting side checks the server's name"
    ),
    prop!(
        "ssl.clientHostnameVerification",
        ("false", "-"),
        Bool,
        TLS,
        "The server checks the client's name too"
    ),
    prop!(
        "ssl.allowReverseDnsLookup",
        ("false", "-"),
        Bool,
        TLS,
        "A name that does not fit is tried again after a reverse look-up"
    ),
    prop!("ssl.crl", ("false", "-"), Bool, TLS, "Revocation lists are checked"),
    prop!("ssl.ocsp", ("false", "-"), Bool, TLS, "Revocation is asked for online"),
    prop!(
        "ssl.clientAuth",
        ("need", "-"),
        OneOf(&["none", "want", "need"]),
        TLS,
        "Whether clients show a certificate"
    ),
    prop!(
        "ssl.handshakeDetectionTimeoutMillis",
        ("5000", "ms"),
        Int,
        TLS,
        "How long to wait for the bytes that tell TLS from plain text"
    ),
    prop!("ssl.authProvider", ("x509", "-"), Text, TLS, "Scheme that TLS connections log in with"),
    prop!(
        "ssl.sslProvider",
        ("JDK", "-"),
        OneOf(&["JDK", "OPENSSL", "OPENSSL_REFCNT"]),
        Status::JvmOnly,
        "TLS engine of the Netty factory"
    ),
    prop!("ssl.quorum.protocol", ("TLSv1.3", "-"), Text, TLS, "TLS version between servers"),
    prop!(
        "ssl.quorum.enabledProtocols",
        ("ssl.quorum.protocol", "-"),
        List,
        TLS,
        "TLS versions accepted between servers"
    ),
    prop!(
        "ssl.quorum.ciphersuites",
        ("built-in list", "-"),
        List,
        TLS,
        "Cipher suites between servers"
    ),
    prop!(
        "ssl.quorum.keyStore.location",
        ("", "path"),
        Path,
        TLS,
        "Key and certificate towards servers, and of HTTPS admin"
    ),
    prop!("ssl.quorum.keyStore.password", ("", "-"), Text, TLS, "Password of that key store"),
    prop!(
        "ssl.quorum.keyStore.passwordPath",
        ("", "path"),
        Path,
        TLS,
        "File with that key store's password; it wins"
    ),
    prop!(
        "ssl.quorum.keyStore.type",
        ("by extension", "-"),
        OneOf(STORES),
        TLS,
        "Format of that key store"
    ),
    prop!(
        "ssl.quorum.trustStore.location",
        ("", "path"),
        Path,
        TLS,
        "Certificates of servers to trust"
    ),
    prop!("ssl.quorum.trustStore.password", ("", "-"), Text, TLS, "Password of that trust store"),
    prop!(
        "ssl.quorum.trustStore.passwordPath",
        ("", "path"),
        Path,
        TLS,
        "File with that trust store's password; it wins"
    ),
    prop!(
        "ssl.quorum.trustStore.type",
        ("by extension", "-"),
        OneOf(STORES),
        TLS,
        "Format of that trust store"
    ),
    prop!(
        "ssl.quorum.context.supplier.class",
        ("", "class"),
        Class,
        TLS,
        "Java class that builds the TLS context between servers"
    ),
    prop!(
        "ssl.quorum.hostnameVerification",
        ("true", "-"),
        BoolTrue,
        TLS,
        "Names of servers are checked"
    ),
    prop!(
        "ssl.quorum.clientHostnameVerification",
        ("true", "-"),
        BoolTrue,
        TLS,
        "The accepting server checks the connecting one's name"
    ),
    prop!(
        "ssl.quorum.allowReverseDnsLookup",
        ("true", "-"),
        BoolTrue,
        TLS,
        "A server name that does not fit is tried again after a reverse look-up"
    ),
    prop!("ssl.quorum.crl", ("false", "-"), Bool, TLS, "Revocation lists between servers"),
    prop!("ssl.quorum.ocsp", ("false", "-"), Bool, TLS, "Online revocation between servers"),
    prop!(
        "ssl.quorum.clientAuth",
        ("need", "-"),
        OneOf(&["none", "want", "need"]),
        TLS,
        "Whether connecting servers show a certificate"
    ),
    prop!(
        "ssl.quorum.handshakeDetectionTimeoutMillis",
        ("5000", "ms"),
        Int,
        TLS,
        "The wait that tells TLS from plain text, between servers"
    ),
    bare(
        "jdk.tls.rejectClientInitiatedRenegotiation",
        ("true", "-"),
        Bool,
        Status::JvmOnly,
        "TLS renegotiation is refused",
    ),
];

const STORES: &[&str] = &["JKS", "PEM", "PKCS12", "BCFKS"];
