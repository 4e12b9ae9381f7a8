//! TLS: a handshake that does not come about sends nothing; one that did proves nothing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use recharge_gateway::net::{Roots, SupplierClient};
use recharge_gateway::seams::{MaybeSent, NotSent, SendFailure, Transport};
use rustls::crypto::ring::default_provider;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use tokio::io::AsyncReadExt;

use crate::certificate;
use crate::server::{LOCAL, Names, Reply, failure, post, serve, supplier, supplier_with};

const NAME: &str = "supplier.test";

/// What a TLS server decrypted.
type Decrypted = Arc<Mutex<Vec<u8>>>;

/// A TLS server that answers every request, on a thread of its own.
fn tls_server(demands_client_certificate: bool, versions: &[&'static rustls::SupportedProtocolVersion]) -> (SocketAddr, Decrypted) {
    let (certificate, key) = certificate::for_name(NAME);
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap();
    let builder = if demands_client_certificate {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()))
            .build()
            .unwrap();
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let config = Arc::new(builder.with_single_cert(vec![certificate], key).unwrap());
    let listener = TcpListener::bind((LOCAL, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let decrypted = Decrypted::default();
    let kept = Arc::clone(&decrypted);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = rustls::Stream::new(&mut connection, &mut stream);
            let mut chunk = [0; 4096];
            while let Ok(n @ 1..) = tls.read(&mut chunk) {
                let mut kept = kept.lock().unwrap();
                kept.extend_from_slice(&chunk[..n]);
                if kept.ends_with(b"13800138000") {
                    let _ = tls.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
                }
            }
        }
    });
    (address, decrypted)
}

fn client(roots: Roots) -> SupplierClient {
    supplier_with(Names::new(&[&[LOCAL]]), roots)
}

fn trusting() -> SupplierClient {
    client(Roots::These(vec![certificate::for_name(NAME).0.to_vec()]))
}

async fn post_as(client: &SupplierClient, name: &str, address: SocketAddr) -> Reply {
    client.send(post(&format!("https://{name}:{}/", address.port()))).await
}

#[tokio::test]
async fn a_server_whose_certificate_is_trusted_is_spoken_to() {
    for versions in [[&rustls::version::TLS13], [&rustls::version::TLS12]] {
        let (address, decrypted) = tls_server(false, &versions);
        let reply = post_as(&trusting(), NAME, address).await.unwrap();
        assert_eq!(reply.body().as_ref(), b"ok");
        assert!(decrypted.lock().unwrap().starts_with(b"POST / HTTP/1.1\r\n"));
    }
}

#[tokio::test]
async fn a_server_that_no_public_root_vouches_for_gets_nothing() {
    let (address, decrypted) = tls_server(false, rustls::ALL_VERSIONS);
    let result = post_as(&client(Roots::Public), NAME, address).await;
    assert_eq!(failure(result), Err(SendFailure::NotSent(NotSent::Connect)));
    assert!(decrypted.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_server_with_a_certificate_for_another_name_gets_nothing() {
    let (address, decrypted) = tls_server(false, rustls::ALL_VERSIONS);
    let result = post_as(&trusting(), "other.test", address).await;
    assert_eq!(failure(result), Err(SendFailure::NotSent(NotSent::Connect)));
    assert!(decrypted.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_server_that_turns_us_away_after_the_handshake_may_have_been_told() {
    // In TLS 1.3 a client has finished, and sent its request, before it hears that its certificate is missing.
    let (address, _) = tls_server(true, &[&rustls::version::TLS13]);
    let result = post_as(&trusting(), NAME, address).await;
    assert_eq!(failure(result), Err(SendFailure::MaybeSent(MaybeSent::Broken)));
}

#[tokio::test]
async fn a_plain_server_is_sent_a_greeting_and_no_request() {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&sent);
    let (address, _) = serve(move |mut conn| {
        let kept = Arc::clone(&kept);
        async move {
            let mut chunk = [0; 4096];
            while let Ok(n @ 1..) = conn.stream.read(&mut chunk).await {
                kept.lock().unwrap().extend_from_slice(&chunk[..n]);
                conn.write("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
            }
        }
    })
    .await;
    assert_eq!(
        failure(post_as(&client(Roots::Public), NAME, address).await),
        Err(SendFailure::NotSent(NotSent::Connect))
    );
    tokio::time::sleep(Duration::from_millis(50)).await;
    let sent = sent.lock().unwrap();
    // Records of the handshake (22) and alerts (21); application data would be 23.
    let mut rest = sent.as_slice();
    while let [kind, _, _, high, low, ..] = rest {
        assert!([21, 22].contains(kind), "a record of type {kind}");
        rest = &rest[5 + usize::from(u16::from_be_bytes([*high, *low]))..];
    }
    assert!(!sent.is_empty() && rest.is_empty());
    assert!(!sent.windows(11).any(|window| window == b"13800138000"));
}

#[tokio::test]
async fn a_handshake_that_hangs_is_not_sent() {
    let (address, _) = serve(|conn| async move {
        let _held = conn;
        tokio::time::sleep(Duration::from_secs(60)).await;
    })
    .await;
    let result = supplier().send(post(&format!("https://{address}/"))).await;
    assert_eq!(failure(result), Err(SendFailure::NotSent(NotSent::Connect)));
}
