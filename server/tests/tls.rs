//! Every TLS configuration of the workspace in one process: with two providers of cryptography in a build, or none chosen, one
//! of these would panic, which neither the compiler nor a type shows. Source: sync.md 18.

#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::Path;

use axum_server::tls_rustls::RustlsConfig;
use ayumi_server::host::Host;
use ayumi_server::server::boxed;
use ayumi_server::store::{PostgresSettings, PostgresStore, StoreError, read};
use ayumi_server::testing::postgres::Cluster;
use object_store::aws::AmazonS3Builder;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls");

#[tokio::test]
async fn every_tls_configuration_can_be_built_in_one_process() {
    // As the program does at its start.
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap();

    let (certificate, key) = (
        format!("{FOLDER}/localhost.pem"),
        format!("{FOLDER}/localhost.key.pem"),
    );
    RustlsConfig::from_pem_file(certificate, key).await.unwrap();

    for options in [
        "sslmode=require".to_owned(),
        "sslmode=prefer".to_owned(),
        format!("sslmode=verify-full&sslrootcert={FOLDER}/authority.pem"),
        "sslmode=require&sslnegotiation=direct".to_owned(),
    ] {
        let address = format!("postgresql://ayumi@db.example.org/ayumi?{options}");
        assert!(
            PostgresSettings::parse(&address).unwrap().tls.is_some(),
            "{options}"
        );
    }

    reqwest::Client::builder().build().unwrap();
    AmazonS3Builder::new()
        .with_bucket_name("simulated")
        .with_region("simulated")
        .with_access_key_id("simulated")
        .with_secret_access_key("simulated")
        .build()
        .unwrap();

    rustls::ClientConfig::builder();
    rustls::ServerConfig::builder();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_reached_over_tls_if_its_certificate_is_trusted_and_not_otherwise() {
    let file = |name: &str| Path::new(FOLDER).join(name);
    let cluster = Cluster::start_with_tls(&file("localhost.pem"), &file("localhost.key.pem"));
    let _database = cluster.database("simulated").await;
    let open = async |options: &str| {
        let port = cluster.port();
        let address = format!("postgresql://ayumi@localhost:{port}/simulated?{options}");
        let settings = PostgresSettings::parse(&address).unwrap();
        PostgresStore::open(&settings, Host::system()).await
    };
    let trusted = format!("sslrootcert={FOLDER}/authority.pem");
    for (options, is_encrypted) in [
        (format!("sslmode=require&{trusted}"), 1),
        (format!("sslmode=prefer&{trusted}"), 1),
        (format!("sslmode=disable&{trusted}"), 0),
        ("connect_timeout=5".to_owned(), 0),
    ] {
        let store = open(&options).await.unwrap();
        let encrypted: i64 = read(&store, (), |tx, ()| {
            boxed(async move {
                let sql = "SELECT COUNT(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl";
                Ok(tx.row(sql, &[]).await?.unwrap().get(0)?)
            })
        })
        .await
        .unwrap();
        assert_eq!(encrypted, is_encrypted, "{options}");
    }
    for options in ["sslmode=require", "sslmode=prefer", "sslmode=verify-full"] {
        let refused = open(options).await.map(|_| ()).unwrap_err();
        assert!(
            matches!(&refused, StoreError::Unavailable(text) if text.contains("sslrootcert")),
            "{options}: {refused}"
        );
    }
}
