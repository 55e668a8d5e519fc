//! Every TLS configuration of the workspace in one process: with two providers of cryptography in a build, or none chosen, one
//! of these would panic, which neither the compiler nor a type shows. Source: sync.md 18.

#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use axum_server::tls_rustls::RustlsConfig;
use ayumi_server::store::PostgresSettings;
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
