//! A backup: a folder with every row of the store and every picture, that either engine can be restored from.
//!
//! ```text
//!   ayumi-2026-09-01/
//!     rows.jsonl.gz   a head, then each table with its rows, then the number of rows and the SHA-256 of all before it
//!     objects/        the pictures that rows name
//!     complete.json   how many pictures there are; written last
//! ```
//!
//! The rows are those of one moment, read in pages while the server serves. The folder has another name until it is complete and on
//! the disk. It holds health data, secrets of sign-in and hashes of tokens: whoever keeps it has to encrypt it.
//!
//! Files are read and written where the work runs, so this is for a process of its own, such as the operator's command.

mod tables;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ayumi_protocol::cursor::Epoch;
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

pub use tables::{Kind, LEFT_OUT, TABLES, Table};

use super::{Fault, FromValue as _, Row, Store, StoreError, Transaction, Value, Work, migrate, state};
use crate::audit::{self, Act, Chain};
use crate::host::{Boxed, Host};
use crate::uploads;

/// Version of the form of a backup.
const FORMAT: u32 = 1;
const ROWS: &str = "rows.jsonl.gz";
const OBJECTS: &str = "objects";
const COMPLETE: &str = "complete.json";

/// Why a backup was not made or not restored. The texts fit after "failed to ..." and hold no value of anybody.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder cannot be read or written.
    #[error("use the folder of the backup: {0}")]
    Folder(#[from] io::Error),
    /// The object store failed.
    #[error("reach the pictures: {0}")]
    Objects(#[from] object_store::Error),
    /// There is something where the backup shall be.
    #[error("make the backup: there is already something at {}", .0.display())]
    InTheWay(PathBuf),
    /// The backup is cut, altered, or made by another program. Nothing was restored.
    #[error("read the backup: {0}")]
    Damaged(&'static str),
    /// It was made with another schema. Nothing was restored.
    #[error(
        "restore: the backup has schema {found} and this program {wanted}; restore it with the program that made it, then start this one"
    )]
    OtherSchema {
        /// Of the backup.
        found: u32,
        /// Of this program.
        wanted: u32,
    },
    /// The store holds something already. Nothing was restored.
    #[error("restore: the store is not empty, the table {0} has rows; restore into a new one")]
    NotEmpty(&'static str),
}

/// How far it is, or what was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows written, or put in.
    pub rows: u64,
    /// Pictures and parts of pictures copied.
    pub objects: u64,
    /// Pictures that rows name and that are missing or damaged in the object store. They are not in the backup.
    pub missing_objects: u64,
}

/// Is told now and then how far it is.
pub type Watch = Arc<dyn Fn(Progress) + Send + Sync>;

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: u32,
    schema: u32,
    epoch: Epoch,
    made_at_ms: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct TableLine {
    table: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct End {
    rows: u64,
    sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Complete {
    format: u32,
    objects: u64,
    missing_objects: u64,
}

/// Makes a backup at `folder`, which must not exist. The server may serve meanwhile.
///
/// A picture that is missing or damaged in the object store is counted and left out: one lost file must not prevent all backups.
///
/// Errors: see [`BackupError`]; nothing is left behind then.
pub async fn write(
    store: &dyn Store,
    objects: &dyn ObjectStore,
    host: &Host,
    folder: &Path,
    watch: Watch,
) -> Result<Progress, BackupError> {
    let mut partial = folder.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    for path in [folder, &partial] {
        if path.symlink_metadata().is_ok() {
            return Err(BackupError::InTheWay(path.to_owned()));
        }
    }
    super::private_folder().create(&partial)?;
    let result = write_all(store, objects, host, &partial, watch).await;
    let result = result.and_then(|progress| {
        fs::rename(&partial, folder)?;
        sync_folder(folder.parent().unwrap_or(folder))?;
        Ok(progress)
    });
    if result.is_err() {
        // What is left has the name of something incomplete, so a failure here is no second fault.
        let _ = fs::remove_dir_all(&partial);
    }
    result
}

async fn write_all(
    store: &dyn Store,
    objects: &dyn ObjectStore,
    host: &Host,
    folder: &Path,
    watch: Watch,
) -> Result<Progress, BackupError> {
    let dump = Arc::new(Dump {
        file: folder.join(ROWS),
        made_at_ms: host.now().0,
        watch: Arc::clone(&watch),
        result: Mutex::new(None),
    });
    let ran = store.run_read(Arc::clone(&dump) as Arc<dyn Work>).await;
    let rows = outcome(ran, &dump.result)?;

    fs::create_dir(folder.join(OBJECTS))?;
    let kept = LocalFileSystem::new_with_prefix(folder.join(OBJECTS))?.with_fsync(true);
    let mut progress = Progress {
        rows,
        ..Progress::default()
    };
    let mut reader = RowsReader::open(folder)?;
    while let Some((table, row)) = reader.next()? {
        let Some(object) = Object::named_by(table, &row) else {
            continue;
        };
        match objects.get(&Key::from(object.key.as_str())).await {
            Ok(found) => {
                let bytes = found.bytes().await?;
                if object.is(&bytes) {
                    let key = Key::from(object.key.as_str());
                    kept.put(&key, PutPayload::from_bytes(bytes)).await?;
                    progress.objects = progress.objects.saturating_add(1);
                } else {
                    progress.missing_objects = progress.missing_objects.saturating_add(1);
                }
            }
            Err(object_store::Error::NotFound { .. }) => {
                progress.missing_objects = progress.missing_objects.saturating_add(1);
            }
            Err(error) => return Err(error.into()),
        }
        watch(progress);
    }
    let complete = Complete {
        format: FORMAT,
        objects: progress.objects,
        missing_objects: progress.missing_objects,
    };
    let mut file = File::create(folder.join(COMPLETE))?;
    file.write_all(&to_json(&complete)?)?;
    file.sync_all()?;
    sync_folder(folder)?;
    Ok(progress)
}

/// Restores a backup into an empty store: all of it becomes visible at once, as another incarnation (sync.md 7), so that every phone
/// offers again what it wrote since. Sessions go on, as far as the backup knows their tokens.
///
/// Errors: see [`BackupError`]; the store is as before then. Pictures that were copied by then have random names and disturb nobody.
pub async fn restore(
    store: &dyn Store,
    objects: &dyn ObjectStore,
    host: &Host,
    folder: &Path,
    watch: Watch,
) -> Result<Progress, BackupError> {
    let complete = fs::read(folder.join(COMPLETE)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => BackupError::Damaged("it is not complete"),
        _ => error.into(),
    })?;
    let complete: Complete =
        serde_json::from_slice(&complete).map_err(|_| BackupError::Damaged("it is not complete"))?;
    // Everything is looked at before the first row or picture is written.
    let kept = LocalFileSystem::new_with_prefix(folder.join(OBJECTS))?;
    let mut reader = RowsReader::open(folder)?;
    let mut found = 0_u64;
    let mut missing = Missing::default();
    while let Some((table, row)) = reader.next()? {
        let Some(object) = Object::named_by(table, &row) else {
            continue;
        };
        if object.read(&kept).await?.is_some() {
            found = found.saturating_add(1);
        } else {
            missing.uploads.insert(upload_of(table, &row)?);
            missing.keys.insert(object.key);
        }
    }
    if found != complete.objects {
        return Err(BackupError::Damaged("pictures are missing"));
    }
    let fill = Arc::new(Fill {
        folder: folder.to_owned(),
        epoch: Epoch::from_uuid(host.random_uuid()),
        at: host.now(),
        missing,
        watch: Arc::clone(&watch),
        result: Mutex::new(None),
    });
    // Asked before the pictures are copied, and again in the transaction that fills it.
    let emptiness = Arc::new(IsEmpty(Mutex::new(None)));
    let ran = store.run_read(Arc::clone(&emptiness) as Arc<dyn Work>).await;
    outcome(ran, &emptiness.0)?;

    let mut progress = Progress {
        missing_objects: complete.missing_objects,
        ..Progress::default()
    };
    let mut reader = RowsReader::open(folder)?;
    while let Some((table, row)) = reader.next()? {
        if let Some(object) = Object::named_by(table, &row)
            && let Some(bytes) = object.read(&kept).await?
        {
            let key = Key::from(object.key.as_str());
            objects.put(&key, PutPayload::from_bytes(bytes)).await?;
            progress.objects = progress.objects.saturating_add(1);
            watch(progress);
        }
    }
    let ran = store.run_write(Arc::clone(&fill) as Arc<dyn Work>).await;
    progress.rows = outcome(ran, &fill.result)?;
    Ok(progress)
}

/// What a work found, which may say more than the fault that ended it.
fn outcome<T>(
    ran: Result<(), Fault>,
    result: &Mutex<Option<Result<T, BackupError>>>,
) -> Result<T, BackupError> {
    let found = result.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (ran, found) {
        (Ok(()), Some(found)) => found,
        (Err(_), Some(Err(error))) => Err(error),
        (Err(Fault::Store(error)), _) => Err(error.into()),
        (Ok(()) | Err(_), _) => Err(StoreError::Bug {
            what: "a backup ended without a result",
        }
        .into()),
    }
}

/// Keeps what a work found, and tells the engine whether to commit.
fn keep<T>(
    found: Result<T, BackupError>,
    result: &Mutex<Option<Result<T, BackupError>>>,
) -> Result<(), Fault> {
    let mut slot = result.lock().unwrap_or_else(PoisonError::into_inner);
    *slot = None;
    match found {
        // The engine may run the work again after a failure of its own, so that one has to come through.
        Err(BackupError::Store(error)) => Err(error.into()),
        Err(error) => {
            *slot = Some(Err(error));
            Err(StoreError::Bug {
                what: "a backup cannot go on",
            }
            .into())
        }
        Ok(value) => {
            *slot = Some(Ok(value));
            Ok(())
        }
    }
}

/// Writes all rows into a file. When it runs again it begins a new file, so it keeps the first rule of works.
struct Dump {
    file: PathBuf,
    made_at_ms: i64,
    watch: Watch,
    result: Mutex<Option<Result<u64, BackupError>>>,
}

impl Work for Dump {
    fn run<'t>(&'t self, tx: &'t mut dyn Transaction) -> Boxed<'t, Result<(), Fault>> {
        Box::pin(async move { keep(self.dump(tx).await, &self.result) })
    }
}

impl Dump {
    async fn dump(&self, tx: &mut dyn Transaction) -> Result<u64, BackupError> {
        let file = BufWriter::new(File::create(&self.file)?);
        let mut lines = LinesWriter {
            out: GzEncoder::new(file, Compression::default()),
            hash: Sha256::new(),
        };
        lines.line(&Head {
            format: FORMAT,
            schema: migrate::schema_version(),
            epoch: state::epoch(tx).await?,
            made_at_ms: self.made_at_ms,
        })?;
        let mut rows = 0_u64;
        for table in TABLES {
            lines.line(&TableLine {
                table: table.name.to_owned(),
            })?;
            let mut page = tx.query(table.first, &[]).await?;
            loop {
                for row in &page {
                    lines.line(&row_to_json(table, row)?)?;
                    rows = rows.saturating_add(1);
                }
                (self.watch)(Progress {
                    rows,
                    ..Progress::default()
                });
                let Some(last) = page.last().filter(|_| page.len() >= tables::PAGE) else {
                    break;
                };
                let key: Vec<Value> = typed(table, last)?.into_iter().take(table.keys).collect();
                page = tx.query(table.next, &key).await?;
            }
        }
        let sha256 = hex(&lines.hash.clone().finalize());
        lines.line(&End { rows, sha256 })?;
        let file = lines
            .out
            .finish()?
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(rows)
    }
}

struct LinesWriter<W: Write> {
    out: GzEncoder<W>,
    hash: Sha256,
}

impl<W: Write> LinesWriter<W> {
    fn line(&mut self, value: &impl Serialize) -> Result<(), BackupError> {
        let mut line = to_json(value)?;
        line.push(b'\n');
        self.hash.update(&line);
        self.out.write_all(&line)?;
        Ok(())
    }
}

/// Reads the rows again, and refuses the file at its end at the latest: whoever reads must read to the end.
struct RowsReader {
    input: BufReader<GzDecoder<BufReader<File>>>,
    hash: Sha256,
    tables: std::slice::Iter<'static, Table>,
    table: Option<&'static Table>,
    rows: u64,
    has_ended: bool,
}

impl RowsReader {
    fn open(folder: &Path) -> Result<Self, BackupError> {
        let file = BufReader::new(File::open(folder.join(ROWS))?);
        let mut reader = Self {
            input: BufReader::new(GzDecoder::new(file)),
            hash: Sha256::new(),
            tables: TABLES.iter(),
            table: None,
            rows: 0,
            has_ended: false,
        };
        let line = reader.line()?;
        reader.hash.update(&line);
        let head: Head = serde_json::from_slice(&line)
            .map_err(|_| BackupError::Damaged("it is no backup of this server"))?;
        if head.format != FORMAT {
            return Err(BackupError::Damaged("it was made by a newer program"));
        }
        let wanted = migrate::schema_version();
        if head.schema != wanted {
            return Err(BackupError::OtherSchema {
                found: head.schema,
                wanted,
            });
        }
        Ok(reader)
    }

    fn line(&mut self) -> Result<Vec<u8>, BackupError> {
        let mut line = Vec::new();
        self.input
            .read_until(b'\n', &mut line)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                    BackupError::Damaged("it is cut or altered")
                }
                _ => error.into(),
            })?;
        if line.last() != Some(&b'\n') {
            return Err(BackupError::Damaged("it is cut or altered"));
        }
        Ok(line)
    }

    fn next(&mut self) -> Result<Option<(&'static Table, Vec<Value>)>, BackupError> {
        const ALTERED: BackupError = BackupError::Damaged("it is cut or altered");
        while !self.has_ended {
            let line = self.line()?;
            // A row is an array, everything else an object.
            if line.first() == Some(&b'[') {
                self.hash.update(&line);
                let table = self.table.ok_or(ALTERED)?;
                let row: Vec<Json> = serde_json::from_slice(&line).map_err(|_| ALTERED)?;
                self.rows = self.rows.saturating_add(1);
                return Ok(Some((table, row_from_json(table, row).ok_or(ALTERED)?)));
            }
            if let Ok(end) = serde_json::from_slice::<End>(&line) {
                let sha256 = hex(&self.hash.clone().finalize());
                let is_whole = self.tables.as_slice().is_empty();
                if !is_whole || end.rows != self.rows || end.sha256 != sha256 {
                    return Err(ALTERED);
                }
                // The checksum of the compressed form follows, and nothing else.
                let mut rest = Vec::new();
                if self.input.read_until(b'\n', &mut rest).map_err(|_| ALTERED)? > 0 {
                    return Err(ALTERED);
                }
                self.has_ended = true;
                break;
            }
            self.hash.update(&line);
            let begin: TableLine = serde_json::from_slice(&line).map_err(|_| ALTERED)?;
            let table = self.tables.next().filter(|table| table.name == begin.table);
            self.table = Some(table.ok_or(ALTERED)?);
        }
        Ok(None)
    }
}

/// Puts all rows in, if there are none.
struct Fill {
    folder: PathBuf,
    epoch: Epoch,
    at: ayumi_protocol::time::UtcMillis,
    missing: Missing,
    watch: Watch,
    result: Mutex<Option<Result<u64, BackupError>>>,
}

impl Work for Fill {
    fn run<'t>(&'t self, tx: &'t mut dyn Transaction) -> Boxed<'t, Result<(), Fault>> {
        Box::pin(async move { keep(self.fill(tx).await, &self.result) })
    }
}

impl Fill {
    async fn fill(&self, tx: &mut dyn Transaction) -> Result<u64, BackupError> {
        check_empty(tx).await?;
        let mut reader = RowsReader::open(&self.folder)?;
        while let Some((table, row)) = reader.next()? {
            // What holds for the whole store holds for this one: the new epoch below, not the old one.
            if table.name != SERVER_STATE {
                self.put(tx, table, row).await?;
            }
            (self.watch)(Progress {
                rows: reader.rows,
                ..Progress::default()
            });
        }
        state::renew(tx, self.epoch).await?;
        let act = Act::by_server(self.at, "store.restored", "");
        audit::record(tx, Chain::Server, &act).await?;
        Ok(reader.rows)
    }

    /// Puts a row in. An upload of which something is missing begins again, so that the phone can send it: its other parts are garbage.
    async fn put(
        &self,
        tx: &mut dyn Transaction,
        table: &Table,
        mut row: Vec<Value>,
    ) -> Result<(), BackupError> {
        let is_of_upload = matches!(table.name, UPLOAD | UPLOAD_PART);
        if !is_of_upload || !self.missing.uploads.contains(&upload_of(table, &row)?) {
            tx.execute(table.insert, &row).await?;
            return Ok(());
        }
        if table.name == UPLOAD {
            for (column, value) in table.columns.iter().zip(&mut row) {
                match *column {
                    "object_key" => *value = Value::Null,
                    "offset_bytes" => *value = Value::Integer(0),
                    _ => {}
                }
            }
            tx.execute(table.insert, &row).await?;
        } else if let Some(object) = Object::named_by(table, &row)
            && !self.missing.keys.contains(&object.key)
        {
            let garbage: [Value; 2] = [object.key.into(), self.at.into()];
            tx.execute(uploads::sql::INSERT_GARBAGE, &garbage).await?;
        }
        Ok(())
    }
}

/// What a backup does not hold although its rows name it.
#[derive(Default)]
struct Missing {
    /// Case and id of the uploads.
    uploads: BTreeSet<(Uuid, Uuid)>,
    keys: BTreeSet<String>,
}

const UPLOAD: &str = "upload";
const UPLOAD_PART: &str = "upload_part";

/// Case and id of the upload that a row of it or of one of its parts is about.
fn upload_of(table: &Table, row: &[Value]) -> Result<(Uuid, Uuid), BackupError> {
    let id = |name: &str| {
        let index = table.columns.iter().position(|column| *column == name)?;
        Uuid::from_value(row.get(index)?)
    };
    id("case_id")
        .zip(id("upload_id"))
        .ok_or(BackupError::Damaged("it is cut or altered"))
}

const SERVER_STATE: &str = "server_state";

struct IsEmpty(Mutex<Option<Result<(), BackupError>>>);

impl Work for IsEmpty {
    fn run<'t>(&'t self, tx: &'t mut dyn Transaction) -> Boxed<'t, Result<(), Fault>> {
        Box::pin(async move { keep(check_empty(tx).await, &self.0) })
    }
}

async fn check_empty(tx: &mut dyn Transaction) -> Result<(), BackupError> {
    for table in TABLES.iter().filter(|table| table.name != SERVER_STATE) {
        if !tx.query(table.first, &[]).await?.is_empty() {
            return Err(BackupError::NotEmpty(table.name));
        }
    }
    Ok(())
}

/// An object that a row names.
struct Object {
    key: String,
    length_bytes: u64,
    /// Known of a whole picture, not of a part.
    sha256: Option<Vec<u8>>,
}

impl Object {
    fn named_by(table: &Table, row: &[Value]) -> Option<Self> {
        let column = |name: &str| {
            let index = table.columns.iter().position(|column| *column == name)?;
            row.get(index)
        };
        match table.name {
            UPLOAD => Some(Self {
                key: String::from_value(column("object_key")?)?,
                length_bytes: u64::from_value(column("length_bytes")?)?,
                sha256: Some(Vec::from_value(column("sha256")?)?),
            }),
            UPLOAD_PART => Some(Self {
                key: String::from_value(column("object_key")?)?,
                length_bytes: u64::from_value(column("length_bytes")?)?,
                sha256: None,
            }),
            _ => None,
        }
    }

    fn is(&self, bytes: &[u8]) -> bool {
        u64::try_from(bytes.len()) == Ok(self.length_bytes)
            && self
                .sha256
                .as_ref()
                .is_none_or(|sha256| Sha256::digest(bytes).as_slice() == sha256.as_slice())
    }

    /// Reads it from a backup; `None` if it is not there.
    async fn read(&self, kept: &LocalFileSystem) -> Result<Option<axum::body::Bytes>, BackupError> {
        match kept.get(&Key::from(self.key.as_str())).await {
            Ok(found) => {
                let bytes = found.bytes().await?;
                if self.is(&bytes) {
                    Ok(Some(bytes))
                } else {
                    Err(BackupError::Damaged("a picture is altered"))
                }
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The values of a row as the columns mean them: SQLite brings a UUID back as bytes.
fn typed(table: &Table, row: &Row) -> Result<Vec<Value>, StoreError> {
    const OTHER: StoreError = StoreError::Bug {
        what: "a column holds another type than the backup knows",
    };
    let columns = row.0.iter().zip(table.kinds);
    columns
        .map(|(value, kind)| match (value, kind) {
            (Value::Null, _)
            | (Value::Integer(_), Kind::Integer)
            | (Value::Text(_), Kind::Text)
            | (Value::Bytes(_), Kind::Bytes) => Ok(value.clone()),
            (_, Kind::Uuid) => Uuid::from_value(value).map(Value::Uuid).ok_or(OTHER),
            _ => Err(OTHER),
        })
        .collect()
}

fn row_to_json(table: &Table, row: &Row) -> Result<Vec<Json>, StoreError> {
    let values = typed(table, row)?.into_iter();
    Ok(values
        .map(|value| match value {
            Value::Null => Json::Null,
            Value::Integer(number) => Json::from(number),
            Value::Text(text) => Json::String(text),
            Value::Bytes(bytes) => Json::String(hex(&bytes)),
            Value::Uuid(uuid) => Json::String(uuid.hyphenated().to_string()),
        })
        .collect())
}

/// `None` if it is no row of this table.
fn row_from_json(table: &Table, row: Vec<Json>) -> Option<Vec<Value>> {
    if row.len() != table.kinds.len() {
        return None;
    }
    let columns = row.into_iter().zip(table.kinds);
    columns
        .map(|(value, kind)| {
            Some(match (value, kind) {
                (Json::Null, _) => Value::Null,
                (Json::Number(number), Kind::Integer) => Value::Integer(number.as_i64()?),
                (Json::String(text), Kind::Text) => Value::Text(text),
                (Json::String(text), Kind::Bytes) => Value::Bytes(from_hex(&text)?),
                (Json::String(text), Kind::Uuid) => Value::Uuid(Uuid::try_parse(&text).ok()?),
                _ => return None,
            })
        })
        .collect()
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, BackupError> {
    serde_json::to_vec(value).map_err(|error| io::Error::from(error).into())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let digit = |letter: u8| char::from(letter).to_digit(16);
    pairs
        .iter()
        .map(|&[high, low]| u8::try_from((digit(high)? << 4) | digit(low)?).ok())
        .collect()
}

/// Makes the names in a folder durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    File::open(folder)?.sync_all()
}
