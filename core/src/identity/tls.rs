//! What both sides of a TLS connection have to agree about: whose word a head office's certificate is, and for which name.
//!
//! A head office without a public certificate makes one itself, for a key that lives as long as it runs, and signs it with the
//! organisation's root key. A till takes the root it pinned as the one authority that such a certificate may end at, so the key can be
//! another every day. The name in it is that of the organisation, never an address: shops move, and addresses with them. Certificates of
//! X.509 begin with other bytes than anything else that the root signs.

use crate::identity::PublicKey;
use crate::ids::OrganisationId;

/// The common name under which the root signs certificates of X.509.
pub const ROOT_NAME: &str = "Daybook";

/// Whether a till may speak to an address, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Road {
    /// Over TLS.
    Hidden,
    /// In the clear, within one machine.
    Loopback,
    /// In the clear, over a network: somebody asked for it by writing `http://`.
    Clear,
}

/// The name that a certificate of this organisation's head office is for.
pub fn office_name(organisation: OrganisationId) -> String {
    format!("{}.head-office.daybook.internal", organisation.0.as_simple())
}

/// The root as the issuer of a certificate of X.509: its name, the contents of an RDNSequence in DER.
pub fn root_subject() -> Vec<u8> {
    // A set of one attribute: the common name, an UTF8String. All lengths are below 128, so each is one byte.
    let name = tagged(0x0c, ROOT_NAME.as_bytes());
    let attribute = tagged(0x30, &[tagged(0x06, &[0x55, 0x04, 0x03]), name].concat());
    tagged(0x31, &attribute)
}

/// The root's key as a certificate of X.509 would name it: the contents of a SubjectPublicKeyInfo in DER (RFC 8410).
pub fn root_key_info(root: &PublicKey) -> Vec<u8> {
    let algorithm = tagged(0x30, &tagged(0x06, &[0x2b, 0x65, 0x70]));
    let bits = [&[0][..], &root.bytes()].concat();
    [algorithm, tagged(0x03, &bits)].concat()
}

fn tagged(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = u8::try_from(contents.len()).ok().filter(|length| *length < 128);
    let length = length.unwrap_or_else(|| unreachable!("names and keys here are shorter than 128 bytes"));
    [&[tag, length][..], contents].concat()
}

impl Road {
    /// The road that an address means, and the address as it is asked. Without a word before it TLS is meant, except within one machine.
    pub fn of(address: &str) -> (Road, String) {
        let address = address.trim().trim_end_matches('/');
        let (scheme, rest) = match address.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, address),
        };
        let is_loopback = is_loopback(host(rest));
        match scheme.as_deref() {
            Some("http") if is_loopback => (Road::Loopback, format!("http://{rest}")),
            Some("http") => (Road::Clear, format!("http://{rest}")),
            None if is_loopback => (Road::Loopback, format!("http://{rest}")),
            // What is no scheme of ours is asked as TLS, and fails there.
            _ => (Road::Hidden, format!("https://{rest}")),
        }
    }
}

/// The host in what follows the scheme: without user, port and path.
fn host(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address: core::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::KeyPair;
    use uuid::Uuid;

    #[test]
    fn without_a_word_before_it_an_address_means_tls_except_within_the_machine() {
        let cases = [
            ("office.example", Road::Hidden, "https://office.example"),
            (" 192.168.1.5:7411/ ", Road::Hidden, "https://192.168.1.5:7411"),
            ("https://office.example", Road::Hidden, "https://office.example"),
            ("HTTPS://127.0.0.1:1", Road::Hidden, "https://127.0.0.1:1"),
            ("127.0.0.1:7411", Road::Loopback, "http://127.0.0.1:7411"),
            ("localhost:7411", Road::Loopback, "http://localhost:7411"),
            ("[::1]:7411", Road::Loopback, "http://[::1]:7411"),
            ("http://127.0.0.1:7411/", Road::Loopback, "http://127.0.0.1:7411"),
            ("http://192.168.1.5:7411", Road::Clear, "http://192.168.1.5:7411"),
            ("http://127.0.0.1@evil.example", Road::Clear, "http://127.0.0.1@evil.example"),
            ("127.0.0.1.evil.example", Road::Hidden, "https://127.0.0.1.evil.example"),
            ("http://localhost.evil.example", Road::Clear, "http://localhost.evil.example"),
        ];
        for (text, road, address) in cases {
            assert_eq!(Road::of(text), (road, address.to_owned()), "{text}");
        }
    }

    #[test]
    fn the_root_as_an_issuer_is_der_byte_for_byte() {
        let subject = b"\x31\x10\x30\x0e\x06\x03\x55\x04\x03\x0c\x07Daybook";
        assert_eq!(root_subject(), subject);
        let root = KeyPair::from_seed([1; 32]).public();
        let info = root_key_info(&root);
        assert_eq!(info[..12], *b"\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00\x8a\x88");
        assert_eq!(info[10..], root.bytes());
        let name = office_name(OrganisationId(Uuid::from_u128(7)));
        assert_eq!(name, "00000000000000000000000000000007.head-office.daybook.internal");
    }
}
