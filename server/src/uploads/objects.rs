//! Where the bytes of pictures and snapshots are: a folder, memory, or a service that speaks S3.
//!
//! Names of objects are random. Nothing of a person, a case or a file name is in them. A written object is durable before its
//! row says so.

use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::Arc;

use axum::body::Bytes;
use ayumi_protocol::problem::ProblemCode;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    GetOptions, GetRange, GetResult, MultipartUpload, ObjectStore, ObjectStoreExt as _, PutPayload,
};

use crate::host::Host;
use crate::server::Server;
use crate::store::{Fault, private_folder};

/// First part of the name of every picture.
pub const PREFIX: &str = "pictures";
/// First part of the name of every snapshot.
pub const SNAPSHOTS_PREFIX: &str = "snapshots";

/// Objects as files of a folder, which is made for its owner alone if it is missing. Each file and its folder are on the disk before a write ends.
///
/// Errors: the folder cannot be made or used.
pub fn in_folder(path: &FilePath) -> Result<Arc<dyn ObjectStore>, object_store::Error> {
    private_folder()
        .recursive(true)
        .create(path)
        .map_err(|source| object_store::Error::Generic {
            store: "folder",
            source: Box::new(source),
        })?;
    Ok(Arc::new(LocalFileSystem::new_with_prefix(path)?.with_fsync(true)))
}

/// Objects in memory, for a simulation.
#[must_use]
pub fn in_memory() -> Arc<dyn ObjectStore> {
    Arc::new(InMemory::new())
}

/// Objects in a bucket of a service that speaks S3. Where it is and who asks comes from the environment: `AWS_ENDPOINT`, `AWS_REGION`,
/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`; `AWS_ALLOW_HTTP` for one on the same machine.
///
/// Errors: the settings do not fit together. Nothing is sent yet.
pub fn s3(bucket: &str) -> Result<Arc<dyn ObjectStore>, object_store::Error> {
    let store = AmazonS3Builder::from_env().with_bucket_name(bucket).build()?;
    Ok(Arc::new(store))
}

/// A new random name of a picture.
#[must_use]
pub fn new_key(host: &Host) -> String {
    new_key_under(host, PREFIX)
}

/// A new random name. Two levels of folders keep each of them small.
#[must_use]
pub fn new_key_under(host: &Host, prefix: &str) -> String {
    let [first, second, ..] = host.random_bytes::<2>();
    let rest = host.random_uuid().simple();
    format!("{prefix}/{first:02x}/{second:02x}/{rest}")
}

/// Writes an object.
///
/// Errors: `unavailable`; text goes on without pictures (faults.md F72).
pub async fn put(server: &Server, key: &str, bytes: Bytes) -> Result<(), Fault> {
    let written = server
        .objects
        .put(&Path::from(key), PutPayload::from_bytes(bytes))
        .await;
    written.map(|_| ()).map_err(|error| unavailable(&error))
}

/// Begins an object that is written in parts, each but the last of the same size and of 5 MiB at least. It is not there before it is
/// completed.
///
/// Errors: `unavailable`.
pub async fn begin(server: &Server, key: &str) -> Result<Box<dyn MultipartUpload>, Fault> {
    let begun = server.objects.put_multipart(&Path::from(key)).await;
    begun.map_err(|error| unavailable(&error))
}

/// Opens a range of an object, in bytes from its beginning; the end is excluded.
///
/// Errors: `unavailable`.
pub async fn get_range(server: &Server, key: &str, range: Range<u64>) -> Result<GetResult, Fault> {
    let options = GetOptions {
        range: Some(GetRange::Bounded(range)),
        ..GetOptions::default()
    };
    let opened = server.objects.get_opts(&Path::from(key), options).await;
    opened.map_err(|error| unavailable(&error))
}

/// Opens an object.
///
/// Errors: `unavailable`.
pub async fn get(server: &Server, key: &str) -> Result<GetResult, Fault> {
    let opened = server.objects.get(&Path::from(key)).await;
    opened.map_err(|error| unavailable(&error))
}

/// Reads an object whole.
///
/// Errors: `unavailable`.
pub async fn read(server: &Server, key: &str) -> Result<Bytes, Fault> {
    let bytes = get(server, key).await?.bytes().await;
    bytes.map_err(|error| unavailable(&error))
}

/// Removes an object. One that is not there counts as removed.
///
/// Errors: `unavailable`.
pub async fn delete(server: &Server, key: &str) -> Result<(), Fault> {
    match server.objects.delete(&Path::from(key)).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(unavailable(&error)),
    }
}

pub(crate) fn unavailable(error: &object_store::Error) -> Fault {
    tracing::error!(%error, "the object store failed");
    ProblemCode::Unavailable.into()
}
