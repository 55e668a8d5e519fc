//! Database files as older versions left them, made and looked at past the store.

use std::collections::BTreeMap;
use std::path::Path;

use ayumi_core::store::MIGRATIONS;
use rusqlite::Connection;

/// Makes `user.db` as an app left it that knew the first `height` steps of the ladder, with `rows` settings.
pub fn make(folder: &Path, height: usize, rows: usize) {
    let user = folder.join("user");
    std::fs::create_dir_all(&user).expect("a folder");
    let connection = Connection::open(user.join("user.db")).expect("a file");
    connection
        .execute_batch(
            "PRAGMA auto_vacuum = 2; PRAGMA application_id = 1096373581; PRAGMA journal_mode = wal; BEGIN",
        )
        .expect("a new file");
    for step in MIGRATIONS.iter().take(height) {
        connection.execute_batch(step.sql).expect("a step");
    }
    for row in 0..rows {
        connection
            .execute(
                "INSERT INTO setting (key, value) VALUES (?1, ?2)",
                (format!("test.{row}"), format!("歩み {row}")),
            )
            .expect("a row");
    }
    connection
        .execute_batch(&format!("PRAGMA user_version = {height}; COMMIT"))
        .expect("a commit");
}

/// Version and number of settings made by [`make`] of a folder that nobody has open.
#[must_use]
pub fn look(folder: &Path) -> (usize, usize) {
    let connection = Connection::open(folder.join("user/user.db")).expect("a file");
    let version: u32 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("a version");
    let rows: u32 = connection
        .query_row(
            "SELECT count(*) FROM setting WHERE key LIKE 'test.%'",
            [],
            |row| row.get(0),
        )
        .expect("a number");
    (version as usize, rows as usize)
}

/// Tables without a row in the `user.db` of a folder that nobody has open.
#[must_use]
pub fn empty_tables(folder: &Path) -> Vec<String> {
    let connection = Connection::open(folder.join("user/user.db")).expect("a file");
    let mut statement = connection
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
        )
        .expect("a list");
    let tables = statement
        .query_map([], |row| row.get::<_, String>(0))
        .expect("a list")
        .map(|name| name.expect("a name"));
    tables
        .filter(|table| {
            let has_row: bool = connection
                .query_row(&format!("SELECT EXISTS (SELECT 1 FROM {table})"), [], |row| {
                    row.get(0)
                })
                .expect("a table");
            !has_row
        })
        .collect()
}

/// Every row of every table in the `user.db` of a folder that nobody has open, as the engine writes its values, by table.
#[must_use]
pub fn rows(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let connection = Connection::open(folder.join("user/user.db")).expect("a file");
    let columns = columns(&connection);
    columns
        .into_iter()
        .map(|(table, columns)| {
            let rows = read(&connection, &table, &columns);
            (table, rows)
        })
        .collect()
}

/// The same of the tables and columns that an older file has: what it held should be there.
#[must_use]
pub fn rows_as_in(folder: &Path, older: &Path) -> BTreeMap<String, Vec<String>> {
    let older = columns(&Connection::open(older.join("user/user.db")).expect("a file"));
    let connection = Connection::open(folder.join("user/user.db")).expect("a file");
    older
        .into_iter()
        .map(|(table, columns)| {
            let rows = read(&connection, &table, &columns);
            (table, rows)
        })
        .collect()
}

fn columns(connection: &Connection) -> BTreeMap<String, Vec<String>> {
    let mut statement = connection
        .prepare(
            "SELECT list.name, info.name
            FROM pragma_table_list AS list JOIN pragma_table_info(list.name) AS info
            WHERE list.schema = 'main' AND list.type = 'table' AND list.name NOT LIKE 'sqlite!_%' ESCAPE '!'
            ORDER BY list.name, info.cid",
        )
        .expect("a list");
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("a list");
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        let (table, column): (String, String) = row.expect("a column");
        columns.entry(table).or_default().push(column);
    }
    columns
}

fn read(connection: &Connection, table: &str, columns: &[String]) -> Vec<String> {
    let quoted: Vec<String> = columns
        .iter()
        .map(|column| format!("quote(\"{column}\")"))
        .collect();
    let sql = format!("SELECT {} FROM \"{table}\"", quoted.join(" || ',' || "));
    let mut statement = connection.prepare(&sql).expect("a table");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    let mut rows: Vec<String> = rows.map(|row| row.expect("a row")).collect();
    rows.sort();
    rows
}
