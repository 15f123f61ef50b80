//! Which database holds the company's book.

use std::path::PathBuf;

/// Where the company's book is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// In SQLite files in this folder, which is made where it is missing.
    Sqlite(PathBuf),
    /// In a PostgreSQL database at this address.
    Postgres(String),
}

/// The address is neither of the two kinds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// It begins with something else.
    #[error("no such database: give `sqlite:FOLDER` or `postgres://USER@HOST:PORT/NAME`")]
    UnknownKind,
    /// It names no folder.
    #[error("`sqlite:` needs the folder to keep the book in: `sqlite:/var/lib/bursar`")]
    NoFolder,
}

impl Database {
    /// Read from `sqlite:FOLDER` or `postgres://…`.
    ///
    /// # Errors
    /// [`DatabaseError`] for anything else. It does not repeat the address, which may
    /// hold a password.
    pub fn parse(text: &str) -> Result<Self, DatabaseError> {
        if let Some(folder) = text.strip_prefix("sqlite:") {
            let folder = folder.strip_prefix("//").unwrap_or(folder);
            return if folder.is_empty() {
                Err(DatabaseError::NoFolder)
            } else {
                Ok(Self::Sqlite(PathBuf::from(folder)))
            };
        }
        if ["postgres://", "postgresql://"].iter().any(|it| text.starts_with(it)) {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(DatabaseError::UnknownKind)
    }

    /// What kind it is, for people: the address may hold a password.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(folder) => f.debug_tuple("Sqlite").field(folder).finish(),
            Self::Postgres(_) => f.write_str("Postgres(…)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_kind() {
        assert_eq!(Database::parse("sqlite:/data"), Ok(Database::Sqlite(PathBuf::from("/data"))));
        assert_eq!(Database::parse("sqlite:///data"), Ok(Database::Sqlite(PathBuf::from("/data"))));
        assert_eq!(Database::parse("sqlite:data"), Ok(Database::Sqlite(PathBuf::from("data"))));
        let secret = "postgres://bursar:secret@db/bursar";
        assert_eq!(Database::parse(secret), Ok(Database::Postgres(secret.to_owned())));
        assert_eq!(format!("{:?}", Database::parse(secret).unwrap()), "Postgres(…)");
        assert_eq!(Database::parse("sqlite:"), Err(DatabaseError::NoFolder));
        assert_eq!(Database::parse("mysql://x"), Err(DatabaseError::UnknownKind));
    }
}
