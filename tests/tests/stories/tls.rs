//! Stories of the road between a till and head office while somebody listens, answers in another's place, or changes what is shown.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use daybook_core::identity::KeyPair;
use daybook_core::identity::tls::{ROOT_NAME, office_name};
use daybook_core::ids::OrganisationId;
use daybook_core::sync::till::Status;
use daybook_tests::world::{MONDAY_MORNING, StoryTill, World};
use daybook_till::EnrolError;
use rcgen::{CertificateParams, DnType, Issuer, PKCS_ED25519, PublicKeyData, SigningKey, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

const MONTH: i64 = 30 * 86_400;

/// A root key as it signs certificates.
struct Root(KeyPair, [u8; 32]);

impl Root {
    fn of(key: KeyPair) -> Self {
        let public = key.public().bytes();
        Root(key, public)
    }
}

impl PublicKeyData for Root {
    fn der_bytes(&self) -> &[u8] {
        &self.1
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &PKCS_ED25519
    }
}

impl SigningKey for Root {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.0.sign(message).0.to_vec())
    }
}

/// Shows a certificate for the organisation's name that this root signed, good until the first day of a year.
fn signed_by(root: KeyPair, organisation: OrganisationId, until: i32) -> TlsAcceptor {
    let mut leaf = CertificateParams::new(vec![office_name(organisation)]).unwrap();
    (leaf.not_before, leaf.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(until, 1, 1));
    let mut issuer = CertificateParams::default();
    issuer.distinguished_name = rcgen::DistinguishedName::new();
    issuer.distinguished_name.push(DnType::CommonName, ROOT_NAME);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = leaf.signed_by(&key, &Issuer::new(issuer, Root::of(root))).unwrap();
    shows(certificate.der().clone(), &key)
}

/// Somebody with a certificate of their own making.
fn somebody() -> TlsAcceptor {
    let made = rcgen::generate_simple_self_signed(vec!["office.example".to_owned()]).unwrap();
    shows(made.cert.der().clone(), &made.signing_key)
}

fn shows(certificate: CertificateDer<'static>, key: &rcgen::KeyPair) -> TlsAcceptor {
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Stands between a till and an address: ends the till's TLS, and carries what it says on over its own connection.
async fn in_between(office: SocketAddr) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let acceptor = somebody();
    tokio::spawn(async move {
        while let Ok((till, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut till = acceptor.accept(till).await?;
                let mut office = over_tls(office).await?;
                copy_bidirectional(&mut till, &mut office).await
            });
        }
    });
    url
}

/// A connection to head office that believes anybody.
async fn over_tls(office: SocketAddr) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let config = daybook_tests::tls::believes_anybody();
    let name = rustls::pki_types::ServerName::try_from("127.0.0.1").unwrap();
    tokio_rustls::TlsConnector::from(Arc::new(config))
        .connect(name, TcpStream::connect(office).await?)
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_joins_and_sells_over_tls_and_finds_another_key_when_it_comes_back_after_months() {
    let mut world = World::over_tls().await;
    assert!(world.url().starts_with("https://"));
    let mut till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    till.go_offline().await;
    for _ in 0..3 {
        world.clock.pass(5 * MONTH);
        world.stop_office().await;
        world.start_office().await;
    }
    till.clock.pass(15 * MONTH);
    till.sell("tea", 1);
    till.go_online();
    till.sent().await;
    till.wait_for("up to date", |till| till.status() == Status::UpToDate).await;
    assert_eq!(world.settle().await["totals"]["net"], json!(199 + 501));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_that_joins_through_somebody_in_between_is_refused_by_both() {
    let world = World::over_tls().await;
    let (data, journal) = (world.home.path().join("t"), world.home.path().join("t-journal"));
    let till = StoryTill::open(&data, &journal, MONDAY_MORNING);
    let code = world.office().enrol_code("High Street", "Till 1").await.unwrap();
    let url = in_between(world.address()).await;
    let error = till.till.enrol(&url, &code, "Till 1").await.unwrap_err();
    assert!(matches!(error, EnrolError::CodeRefused), "head office sees another key than the till: {error}");
    assert!(!till.till.is_enrolled());
    till.till.enrol(&world.url(), &code, "Till 1").await.expect("the code was not used up");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_steps_in_between_later_hears_nothing_and_changes_nothing() {
    let world = World::over_tls().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.sent().await;
    till.till.set_server(&in_between(world.address()).await);
    till.sell("soap", 1);
    till.wait_for("word of somebody else", |till| {
        till.sync_now();
        matches!(till.status(), Status::Offline(why) if why.contains("not head office's"))
    })
    .await;
    assert!(till.till.waiting() > 0);
    assert_eq!(world.settle().await["totals"]["receipts"], json!(0));
    till.till.set_server(&world.url());
    till.clock.hurry(300);
    till.till.sync_now();
    till.sent().await;
    assert_eq!(world.settle().await["totals"]["net"], json!(199));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_answers_in_head_offices_place_hears_nothing_and_the_till_sells_on() {
    let mut world = World::over_tls().await;
    let till = world.till("Till 1").await;
    till.open_shift();
    till.sell("soap", 1);
    till.sent().await;
    let (address, identity) = (world.address(), world.office().identity());
    world.stop_office().await;

    let root = || identity.root.clone();
    let cases = [
        ("a certificate of their own", somebody(), "not head office's"),
        (
            "another root",
            signed_by(KeyPair::from_seed([66; 32]), identity.organisation, 2027),
            "not head office's",
        ),
        (
            "another organisation of this root",
            signed_by(root(), OrganisationId(Uuid::from_u128(66)), 2027),
            "not head office's",
        ),
        ("a certificate that is over", signed_by(root(), identity.organisation, 2025), "clocks"),
    ];
    till.sell("tea", 1);
    let till_clock = till.clock.clone();
    for (who, acceptor, words) in cases {
        let listener = bound(address).await;
        let heard: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let hearing = heard.clone();
        let listening = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let mut bytes = Vec::new();
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ended = stream.read_to_end(&mut bytes).await;
                }
                hearing.lock().unwrap().push(bytes);
            }
        });
        till.wait_for(who, |till| {
            till_clock.hurry(300);
            till.sync_now();
            // More than one try, because the till still says what it met before.
            heard.lock().unwrap().len() >= 3
                && matches!(till.status(), Status::Offline(why) if why.contains(words))
        })
        .await;
        listening.abort();
        let _ended = listening.await;
        let heard = heard.lock().unwrap();
        assert!(heard.iter().all(Vec::is_empty), "{who}: {heard:?}");
    }

    // Somebody who speaks no TLS at all.
    let listener = bound(address).await;
    let listening = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = [0; 5];
        stream.read_exact(&mut bytes).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
        bytes
    });
    let heard = hurried(&till, listening).await;
    assert_eq!(heard[..2], [0x16, 0x03], "the till begins with TLS and with nothing else: {heard:?}");
    till.sell("roll", 1);
    assert!(till.till.waiting() > 0);

    world.start_office().await;
    till.sent().await;
    assert_eq!(world.settle().await["totals"]["net"], json!(199 + 501 + 45));
}

/// What somebody heard, while the till tries without its pauses.
async fn hurried<T>(till: &StoryTill, heard: tokio::task::JoinHandle<T>) -> T {
    while !heard.is_finished() {
        till.clock.hurry(300);
        till.till.sync_now();
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    heard.await.expect("heard")
}

/// The address that head office has just left.
async fn bound(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn head_office_speaks_tls_1_3_and_http_1_1_and_nothing_in_the_clear() {
    let world = World::over_tls().await;
    let stream = over_tls(world.address()).await.unwrap();
    let (_, session) = stream.get_ref();
    assert_eq!(session.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
    let mut plain = TcpStream::connect(world.address()).await.unwrap();
    plain.write_all(b"GET /v1/health HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _closed = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}
