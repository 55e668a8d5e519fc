//! A backup of one engine is restored into the other; what is cut, altered or not wanted is refused. Source: sync.md 7, faults.md F70.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use ayumi_protocol::cursor::Epoch;
use ayumi_server::host::Host;
use ayumi_server::server::boxed;
use ayumi_server::store::backup::{self, BackupError, Kind, Progress, TABLES, Table};
use ayumi_server::store::{FromValue, Running, SqliteStore, Store, Value, read, state, write};
use ayumi_server::uploads::objects::in_memory;
use flate2::bufread::GzDecoder;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use uuid::Uuid;

/// More than two pages of each table.
const ROWS: u64 = 450;

struct Place {
    store: Arc<dyn Store>,
    objects: Arc<dyn ObjectStore>,
    _folder: Option<TempDir>,
}

fn sqlite() -> Place {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path(), Running::OnThreads { readers: 1 }, &Host::system()).unwrap();
    Place {
        store: Arc::new(store),
        objects: in_memory(),
        _folder: Some(folder),
    }
}

async fn postgresql() -> Place {
    Place {
        store: ayumi_server::testing::postgres::database().await.connect().await,
        objects: in_memory(),
        _folder: None,
    }
}

/// Whether each column may be NULL.
fn nullable(table: &Table) -> Vec<bool> {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path(), Running::Inline, &Host::system()).unwrap();
    let connection = Connection::open(store.path()).unwrap();
    let mut statement = connection
        .prepare("SELECT \"notnull\" = 0 FROM pragma_table_info(?1) ORDER BY cid")
        .unwrap();
    let columns = statement.query_map([table.name], |row| row.get(0)).unwrap();
    columns.map(Result::unwrap).collect()
}

fn picture(number: u64) -> Vec<u8> {
    format!("simulated picture {number}").into_bytes()
}

/// Rows that differ in every column; every other one has no value where it may have none.
async fn fill(place: &Place) -> u64 {
    let mut all = Vec::new();
    for table in TABLES {
        let nullable = nullable(table);
        // Each of these names a picture.
        let rows = if table.name.starts_with("upload") { 4 } else { ROWS };
        for number in 0..rows {
            let values: Vec<Value> = table
                .columns
                .iter()
                .zip(table.kinds)
                .zip(&nullable)
                .zip(1_u128..)
                .map(|(((column, kind), nullable), index)| {
                    let salt = i64::try_from(number).unwrap();
                    match (*column, kind) {
                        ("object_key", _) if table.name.starts_with("upload") => {
                            Value::from(format!("pictures/{}/{number}", table.name))
                        }
                        ("length_bytes", _) => Value::from(i64::try_from(picture(number).len()).unwrap()),
                        ("sha256", _) => Value::Bytes(Sha256::digest(picture(number)).to_vec()),
                        _ if *nullable && number % 2 == 1 => Value::Null,
                        (_, Kind::Integer) if number == 0 => Value::Integer(i64::MIN),
                        (_, Kind::Integer) => Value::Integer(salt * 1_000_003),
                        (_, Kind::Text) => Value::from(format!("\u{20bb7}\"\\\n{number:05}")),
                        (_, Kind::Bytes) if number == 0 => Value::Bytes(Vec::new()),
                        (_, Kind::Bytes) => Value::Bytes(number.to_be_bytes().to_vec()),
                        (_, Kind::Uuid) => {
                            Value::Uuid(Uuid::from_u128((u128::from(number) << 80) | (0xff << 64) | index))
                        }
                    }
                })
                .collect();
            all.push((table.insert, values));
        }
        if table.name == "upload" || table.name == "upload_part" {
            // The last one is missing: its row names nothing.
            for number in 0..3 {
                let key = Key::from(format!("pictures/{}/{number}", table.name));
                let payload = PutPayload::from(picture(number));
                place.objects.put(&key, payload).await.unwrap();
            }
        }
    }
    let count = all.len() as u64;
    let filled = write(&*place.store, all, |tx, all| {
        boxed(async move {
            for (insert, values) in all {
                tx.execute(insert, values).await?;
            }
            Ok(())
        })
    });
    filled.await.unwrap();
    count
}

/// All rows of all tables, but for what holds for the store itself and the chain of the server.
async fn contents(store: &dyn Store) -> Vec<(&'static str, Vec<Vec<Value>>)> {
    let mut contents = Vec::new();
    for table in TABLES.iter().filter(|table| table.name != "server_state") {
        let sql = format!("SELECT {} FROM {}", table.columns.join(", "), table.name);
        let sql: &'static str = Box::leak(sql.into_boxed_str());
        let rows = read(store, sql, |tx, sql| {
            boxed(async move { Ok(tx.query(sql, &[]).await?) })
        });
        let mut rows: Vec<Vec<Value>> = rows
            .await
            .unwrap()
            .into_iter()
            .map(|row| {
                let columns = row.0.into_iter().zip(table.kinds);
                columns
                    .map(|(value, kind)| match kind {
                        Kind::Uuid if value != Value::Null => Value::Uuid(Uuid::from_value(&value).unwrap()),
                        _ => value,
                    })
                    .collect()
            })
            .filter(|row: &Vec<Value>| row[0] != Value::Uuid(Uuid::nil()))
            .collect();
        rows.sort_by_key(|row| format!("{row:?}"));
        contents.push((table.name, rows));
    }
    contents
}

async fn epoch(store: &dyn Store) -> Epoch {
    let epoch = read(store, (), |tx, ()| {
        boxed(async move { Ok(state::epoch(tx).await?) })
    });
    epoch.await.unwrap()
}

async fn make(place: &Place, folder: &Path) -> Result<Progress, BackupError> {
    let host = Host::system();
    backup::write(&*place.store, &*place.objects, &host, folder, Arc::new(|_| {})).await
}

async fn restore(place: &Place, folder: &Path) -> Result<Progress, BackupError> {
    let host = Host::system();
    backup::restore(&*place.store, &*place.objects, &host, folder, Arc::new(|_| {})).await
}

/// What a restored store says instead of an upload whose picture or part is missing: it is to be sent again.
fn begin_again(table: &str, rows: &mut Vec<Vec<Value>>) {
    let missing = Value::from(format!("pictures/{table}/3"));
    match table {
        "upload" => {
            let row = rows.iter_mut().find(|row| row[10] == missing).unwrap();
            (row[9], row[10]) = (Value::Integer(0), Value::Null);
            rows.sort_by_key(|row| format!("{row:?}"));
        }
        "upload_part" => rows.retain(|row| row[4] != missing),
        _ => {}
    }
}

async fn there_and_back(from: Place, to: Place) {
    let folder = TempDir::new().unwrap();
    let folder = folder.path().join("backup");
    let rows = fill(&from).await;
    let made = make(&from, &folder).await.unwrap();
    // The epoch is a row too.
    assert_eq!(made.rows, rows + 1);
    assert_eq!((made.objects, made.missing_objects), (6, 2));
    let new = epoch(&*to.store).await;
    let restored = restore(&to, &folder).await.unwrap();
    assert_eq!(restored, made);

    let (mut before, after) = (contents(&*from.store).await, contents(&*to.store).await);
    for (name, rows) in &mut before {
        begin_again(name, rows);
    }
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.1.len(), after.1.len(), "{}", before.0);
        assert!(before == after, "{} differs", before.0);
    }
    for table in ["upload", "upload_part"] {
        for number in 0..3 {
            let key = Key::from(format!("pictures/{table}/{number}"));
            let bytes = to.objects.get(&key).await.unwrap().bytes().await.unwrap();
            assert_eq!(bytes, picture(number));
        }
    }
    let epochs = [epoch(&*from.store).await, new, epoch(&*to.store).await];
    assert!(
        epochs[2] != epochs[0] && epochs[2] != epochs[1],
        "another incarnation"
    );

    let again = restore(&to, &folder).await;
    assert!(matches!(again, Err(BackupError::NotEmpty(_))), "{again:?}");
    let in_the_way = make(&from, &folder).await;
    assert!(
        matches!(in_the_way, Err(BackupError::InTheWay(_))),
        "{in_the_way:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_the_embedded_store_becomes_a_postgresql_store_f70() {
    there_and_back(sqlite(), postgresql().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_postgresql_store_becomes_an_embedded_store_f70() {
    there_and_back(postgresql().await, sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_of_which_a_part_is_missing_begins_again_after_a_restore() {
    let (from, to) = (sqlite(), sqlite());
    let key = |number: u64| format!("pictures/upload_part/{number}");
    let length = i64::try_from(picture(0).len()).unwrap();
    let id = Value::Uuid(Uuid::from_u128(1));
    let insert = |name: &str| TABLES.iter().find(|table| table.name == name).unwrap().insert;
    let mut rows = vec![(
        insert("upload"),
        vec![
            id.clone(),
            id.clone(),
            "care".into(),
            Value::Bytes(vec![7; 32]),
            (3 * length).into(),
            "image/jpeg".into(),
            1_i64.into(),
            1_i64.into(),
            id.clone(),
            (2 * length).into(),
            Value::Null,
            0_i64.into(),
            0_i64.into(),
        ],
    )];
    for (number, offset) in [(0, 0), (1, length)] {
        let part = vec![
            id.clone(),
            id.clone(),
            offset.into(),
            length.into(),
            key(number).into(),
        ];
        rows.push((insert("upload_part"), part));
    }
    let filled = write(&*from.store, rows, |tx, rows| {
        boxed(async move {
            for (insert, values) in rows {
                tx.execute(insert, values).await?;
            }
            Ok(())
        })
    });
    filled.await.unwrap();
    let payload = PutPayload::from(picture(0));
    from.objects.put(&Key::from(key(0)), payload).await.unwrap();

    let folder = TempDir::new().unwrap();
    let folder = folder.path().join("backup");
    make(&from, &folder).await.unwrap();
    restore(&to, &folder).await.unwrap();
    let contents: std::collections::BTreeMap<_, _> = contents(&*to.store).await.into_iter().collect();
    let upload = &contents["upload"][0];
    assert_eq!((&upload[9], &upload[10]), (&Value::Integer(0), &Value::Null));
    assert!(contents["upload_part"].is_empty());
    assert_eq!(contents["garbage"][0][0], Value::from(key(0)));
}

/// What a compressed file holds; `None` if it is damaged.
fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rows = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut rows).ok()?;
    Some(rows)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_cut_or_altered_is_refused_and_nothing_is_restored() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path().join("backup");
    let from = sqlite();
    fill(&from).await;
    make(&from, &folder).await.unwrap();
    let to = sqlite();
    let before = (epoch(&*to.store).await, contents(&*to.store).await);

    let rows = folder.join("rows.jsonl.gz");
    let whole = fs::read(&rows).unwrap();
    let mut damaged: Vec<Vec<u8>> = (0..20)
        .map(|part| whole[..whole.len() * part / 20].to_vec())
        .collect();
    damaged.push(whole[..whole.len() - 1].to_vec());
    for place in (0..whole.len()).step_by(whole.len() / 60) {
        let mut altered = whole.clone();
        altered[place] ^= 0x10;
        // A compressed form may refer to either of two places that hold the same bytes: then nothing is lost.
        if unpacked(&altered) != unpacked(&whole) {
            damaged.push(altered);
        }
    }
    for (number, bytes) in damaged.into_iter().enumerate() {
        fs::write(&rows, &bytes).unwrap();
        let refused = restore(&to, &folder).await;
        assert!(
            matches!(refused, Err(BackupError::Damaged(_))),
            "{number}: {refused:?}"
        );
    }
    fs::write(&rows, &whole).unwrap();

    let object = folder.join("objects/pictures/upload/1");
    let bytes = fs::read(&object).unwrap();
    fs::write(&object, b"another picture").unwrap();
    assert!(matches!(
        restore(&to, &folder).await,
        Err(BackupError::Damaged(_))
    ));
    fs::remove_file(&object).unwrap();
    assert!(matches!(
        restore(&to, &folder).await,
        Err(BackupError::Damaged(_))
    ));
    fs::write(&object, &bytes).unwrap();

    let complete = fs::read(folder.join("complete.json")).unwrap();
    fs::remove_file(folder.join("complete.json")).unwrap();
    assert!(matches!(
        restore(&to, &folder).await,
        Err(BackupError::Damaged(_))
    ));
    fs::write(folder.join("complete.json"), complete).unwrap();

    let after = (epoch(&*to.store).await, contents(&*to.store).await);
    assert!(before == after, "nothing was restored");
    restore(&to, &folder).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_made_while_the_embedded_store_serves_and_holds_one_moment() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path().join("backup");
    let from = sqlite();
    fill(&from).await;
    let (store, made) = (Arc::clone(&from.store), make(&from, &folder));
    let serving = async {
        for hour in 0..100_i64 {
            // Two rows that only exist together, in tables that are far apart in the backup.
            let written = write(&*store, hour, |tx, hour| {
                boxed(async move {
                    let attempt = "INSERT INTO attempt (scope, hour, count) VALUES ('serving', $1, 0)";
                    tx.execute(attempt, &[(*hour).into()]).await?;
                    let garbage = "INSERT INTO garbage (object_key, since_at_ms) VALUES ($1, 7)";
                    tx.execute(garbage, &[format!("serving-{hour}").into()]).await?;
                    Ok(())
                })
            });
            written.await.unwrap();
        }
    };
    let (made, ()) = tokio::join!(made, serving);
    made.unwrap();
    let to = sqlite();
    restore(&to, &folder).await.unwrap();
    let contents = contents(&*to.store).await;
    let count = |name: &str| {
        let (_, rows) = contents.iter().find(|(table, _)| *table == name).unwrap();
        rows.iter()
            .filter(|row| format!("{row:?}").contains("serving"))
            .count()
    };
    assert_eq!(count("attempt"), count("garbage"));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_opens_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = sqlite();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("backup");
    let watch = Arc::new(|_: Progress| {});
    backup::write(&*place.store, &*place.objects, &Host::system(), &path, watch)
        .await
        .unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}
