//! The real server over its embedded store, in the thread of the simulation and in its time.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use ayumi_protocol::cursor::Epoch;
use ayumi_server::host::{Host, Inline, ManualTime};
use ayumi_server::policy::Policy;
use ayumi_server::server::{Parts, Server, boxed};
use ayumi_server::store::{Running, SqliteStore, Store, state};
use object_store::memory::InMemory;
use tower::ServiceExt as _;

use super::random::SharedDice;

/// A request that the server is working on, or waiting with.
pub type Working = Pin<Box<dyn Future<Output = Response<Body>>>>;

/// The server of one run.
pub struct Backend {
    /// The node.
    pub server: Server,
    /// Its time.
    pub time: ManualTime,
    folder: PathBuf,
    random: SharedDice,
    objects: Arc<InMemory>,
}

/// A copy of everything the server keeps.
pub struct ServerBackup {
    folder: PathBuf,
    objects: InMemory,
    /// Which entries it has: the events of the history up to here.
    pub heads: std::collections::BTreeMap<crate::oracle::Log, u64>,
}

/// The rules of a simulated server: sign-in is quick, pictures of a day are few, and logs soon get a snapshot.
fn policy() -> Policy {
    Policy {
        hash_memory_kib: 8,
        hash_passes: 1,
        // Simulated logs are short.
        snapshot_every: 20,
        ..Policy::default()
    }
}

/// The result of a future that has to be ready at once: nothing behind the router waits for anything outside.
///
/// # Panics
/// If it is not.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the server waits for something that is not simulated"),
    }
}

impl Backend {
    /// A server over the files of a folder, which are made if there are none.
    #[must_use]
    pub fn open(folder: &Path, time: ManualTime, random: SharedDice, objects: Arc<InMemory>) -> Self {
        let host = Host {
            time: Arc::new(time.clone()),
            random: Arc::new(random.clone()),
            executor: Arc::new(Inline),
        };
        std::fs::create_dir_all(folder).expect("a folder");
        let store = SqliteStore::open(folder, Running::Inline, &host).expect("the store of the server");
        let store: Arc<dyn Store> = Arc::new(store);
        let kept: Arc<dyn object_store::ObjectStore> = objects.clone();
        let server = Server::new(Parts::new(host, store, kept, policy()));
        Self {
            server,
            time,
            folder: folder.to_owned(),
            random,
            objects,
        }
    }

    /// Hands a request to the router. The answer may come later: a long poll waits for news.
    #[must_use]
    pub fn begin(&self, request: Request<Body>) -> Working {
        let router = ayumi_server::http::router(self.server.clone());
        Box::pin(async move { router.oneshot(request).await.expect("a router answers") })
    }

    /// The bytes of an answer.
    ///
    /// # Panics
    /// If they are not there.
    #[must_use]
    pub fn bytes(response: Response<Body>) -> Vec<u8> {
        at_once(to_bytes(response.into_body(), 64 << 20))
            .expect("an answer without a network breaks off nowhere")
            .to_vec()
    }

    /// The incarnation of the store.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        at_once(
            self.server
                .read((), |tx, ()| boxed(async move { Ok(state::epoch(tx).await?) })),
        )
        .expect("an epoch")
    }

    /// Copies everything the server keeps, as an operator's nightly backup does.
    ///
    /// # Panics
    /// If the files cannot be copied.
    #[must_use]
    pub fn back_up(
        &self,
        to: &Path,
        heads: std::collections::BTreeMap<crate::oracle::Log, u64>,
    ) -> ServerBackup {
        copy_folder(&self.folder, to);
        ServerBackup {
            folder: to.to_owned(),
            objects: self.objects.as_ref().fork(),
            heads,
        }
    }

    /// Goes back to a copy, in another incarnation, as the command that restores does. Requests in flight get no answer.
    ///
    /// # Panics
    /// If the files cannot be copied.
    #[must_use]
    pub fn restore(self, backup: &ServerBackup) -> Self {
        let Self {
            server,
            time,
            folder,
            random,
            ..
        } = self;
        at_once(server.store.close());
        drop(server);
        let present = folder.with_extension("present");
        copy_folder(&folder, &present);
        std::fs::remove_dir_all(&folder).expect("the folder of the server");
        copy_folder(&backup.folder, &folder);
        carry_sessions_over(&present, &folder);
        std::fs::remove_dir_all(&present).expect("the folder of the server");
        let restored = Self::open(&folder, time, random, Arc::new(backup.objects.fork()));
        let epoch = Epoch::from_uuid(restored.server.host.new_uuid());
        at_once(restored.server.write(epoch, |tx, epoch| {
            boxed(async move { Ok(state::renew(tx, *epoch).await?) })
        }))
        .expect("a new epoch");
        restored
    }

    /// Ends the process and starts it again over the same files.
    #[must_use]
    pub fn restart(self) -> Self {
        let Self {
            server,
            time,
            folder,
            random,
            objects,
        } = self;
        at_once(server.store.close());
        drop(server);
        Self::open(&folder, time, random, objects)
    }
}

/// In life everybody signs in again after such a restore: the backup knows no token that was given out since. Here sessions go on,
/// so that the run goes on; signing in again is tested elsewhere.
fn carry_sessions_over(from: &Path, to: &Path) {
    let name = |folder: &Path| folder.join("ayumi.db").to_string_lossy().into_owned();
    let connection = rusqlite::Connection::open(name(to)).expect("the store of the server");
    connection
        .execute("ATTACH ?1 AS present", [name(from)])
        .expect("the store of the server");
    for table in ["session", "token_pair", "token"] {
        connection
            .execute_batch(&format!(
                "DELETE FROM main.{table}; INSERT INTO main.{table} SELECT * FROM present.{table}"
            ))
            .expect("the sessions of the server");
    }
}

/// Copies the files of a folder, with its folders.
///
/// # Panics
/// If they cannot be copied.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("a file");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a kind").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a file");
        }
    }
}
