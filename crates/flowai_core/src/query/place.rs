//! Where a SQLite file may be: paths as text. Whoever opens one looks at the file system besides.

use crate::error::{Error, Kind, Result};
use crate::name::shorten;

/// The setting that names the directories.
pub const SETTING: &str = "flowai.sqlite_directories";

/// Checks the path of a SQLite file: absolute, without detours, without control characters.
pub fn check(path: &str) -> Result<()> {
    let broken = if !path.starts_with('/') {
        "It is not absolute."
    } else if path.len() > 1000 {
        "It has more than 1000 bytes."
    } else if path.chars().any(char::is_control) {
        "It has control characters."
    } else if path[1..].split('/').any(|part| matches!(part, "" | "." | "..")) {
        "It has an empty part, a dot or two dots between slashes."
    } else {
        return Ok(());
    };
    Err(Error::invalid("sqlite_path", format!("invalid path \"{}\"", shorten(path)))
        .detail(broken)
        .hint("Pass the absolute path of a SQLite file on the server."))
}

/// The directories of the setting: absolute paths, commas between them. What is no such path is left
/// out, and so allows nothing.
pub fn directories(setting: &str) -> Vec<&str> {
    setting
        .split(',')
        .map(|part| part.trim().trim_end_matches('/'))
        .filter(|part| check(part).is_ok())
        .collect()
}

/// Whether the path is of something below the directory.
pub fn is_inside(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
}

/// The error for a file that is in none of the directories.
pub fn outside(path: &str) -> Error {
    Error::new(
        Kind::Forbidden,
        "sqlite_directory",
        format!("\"{}\" is in no directory for SQLite files", shorten(path)),
    )
    .detail(format!(
        "The setting {SETTING} names these directories; none are allowed where it is empty."
    ))
    .hint("Move the file, or ask a superuser to add its directory to the setting.")
}

/// The error for a file that is missing, or is no file that can be read.
pub fn unusable(path: &str, what: &str) -> Error {
    Error::new(Kind::NotFound, "sqlite_file", format!("\"{}\" {what}", shorten(path)))
        .hint("Put a SQLite file there that the server's account may read.")
}

/// The path as a URI for SQLite, with parameters such as `readonly_shm=1`.
pub fn uri(path: &str, parameters: &str) -> String {
    use std::fmt::Write;
    let mut uri = String::from("file:");
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-') {
            uri.push(char::from(byte));
        } else {
            // Writing to memory cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri.push('?');
    uri.push_str(parameters);
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_absolute_and_plain() {
        assert!(check("/srv/lake/a.db").is_ok());
        assert!(check("/srv/a b/ä.db").is_ok());
        for path in [
            "",
            "a.db",
            "./a",
            "/srv/../etc/passwd",
            "/srv/./a",
            "/srv//a",
            "/srv/",
            "/",
            "/a\nb",
            "file:/a",
        ] {
            assert_eq!(check(path).unwrap_err().rule, "sqlite_path", "{path}");
        }
        assert!(check(&format!("/{}", "x".repeat(2000))).is_err());
    }

    #[test]
    fn directories_of_the_setting() {
        assert_eq!(directories("/a, /b/c/ ,relative,/x/../y,"), ["/a", "/b/c"]);
        assert!(directories("").is_empty());
        assert!(directories("/").is_empty());
        assert!(is_inside("/a/b.db", "/a"));
        for path in ["/ab/c", "/a", "/a/", "/b/a/c"] {
            assert!(!is_inside(path, "/a"), "{path}");
        }
    }

    #[test]
    fn a_uri_holds_the_path_and_nothing_else() {
        assert_eq!(
            uri("/a b/c?mode=rw&x%#ä.db", "mode=ro"),
            "file:/a%20b/c%3Fmode%3Drw%26x%25%23%C3%A4.db?mode=ro"
        );
    }
}
