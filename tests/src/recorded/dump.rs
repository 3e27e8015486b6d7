//! A database as the text that makes it anew: readable in a review, and of no engine's file format.
//!
//! What a later version opens is made of it, with the table of migrations as it was, so that its own migrations begin where they would in a shop.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use daybook_store::Reader;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// The text of a closed database: its tables with their rows, then what is attached to them.
pub fn dump(database: &Path) -> anyhow::Result<String> {
    let connection = Reader::open(database)?;
    let mut text = String::from("BEGIN;\n");
    let made = |what: &str| -> anyhow::Result<Vec<(String, String)>> {
        let sql = format!(
            "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND {what} ORDER BY rowid"
        );
        let mut statement = connection.prepare(&sql)?;
        Ok(statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?)
    };
    for (table, sql) in made("type = 'table'")? {
        writeln!(text, "{sql};")?;
        rows(&connection, &table, &mut text).with_context(|| format!("the table {table}"))?;
    }
    for (_, sql) in made("type <> 'table'")? {
        writeln!(text, "{sql};")?;
    }
    for pragma in ["application_id", "user_version"] {
        let value: i64 = connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))?;
        writeln!(text, "PRAGMA {pragma} = {value};")?;
    }
    text.push_str("COMMIT;\n");
    Ok(text)
}

fn rows(connection: &Connection, table: &str, text: &mut String) -> anyhow::Result<()> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(columns);
        for column in 0..columns {
            values.push(match row.get_ref(column)? {
                ValueRef::Null => "NULL".to_owned(),
                ValueRef::Integer(value) => value.to_string(),
                ValueRef::Real(value) => value.to_string(),
                ValueRef::Text(value) => format!("'{}'", std::str::from_utf8(value)?.replace('\'', "''")),
                ValueRef::Blob(value) => {
                    format!("x'{}'", value.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
                }
            });
        }
        writeln!(text, "INSERT INTO {table} VALUES ({});", values.join(", "))?;
    }
    Ok(())
}

/// Makes a database of its text.
pub fn restore(text: &str, database: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(!database.exists(), "{} is there already", database.display());
    Ok(Connection::open(database)?.execute_batch(text)?)
}
