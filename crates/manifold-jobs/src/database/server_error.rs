//! What the errors of servers and drivers mean.

use sqlx::mysql::MySqlDatabaseError;

use super::{DatabaseError, Reached};

/// Where an error was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// While the connection was made.
    Connecting,
    /// After that.
    Connected,
}

/// What an error of a driver means.
pub(super) fn meaning(reached: &Reached, phase: Phase, error: &sqlx::Error) -> DatabaseError {
    let url = reached.shown.clone();
    let told = |text: &str| reached.blotted(text);
    let Some(database) = error.as_database_error() else {
        let reason = told(&error.to_string());
        return match (error, phase) {
            (sqlx::Error::Configuration(_), _) => DatabaseError::Address { url, reason },
            (_, Phase::Connecting) => DatabaseError::Unreachable { url, reason },
            (sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed, _) => {
                DatabaseError::Lost { url, reason }
            }
            _ => DatabaseError::Query { url, reason },
        };
    };
    let reason = told(database.message());
    if let Some(error) = database.try_downcast_ref::<MySqlDatabaseError>() {
        return of_mysql(error.number(), url, reason);
    }
    let code = database.code().unwrap_or_default().into_owned();
    of_postgres(&code, url, reason)
}

fn of_postgres(state: &str, url: String, reason: String) -> DatabaseError {
    match state {
        "3D000" | "3F000" | "42P01" | "42703" | "42704" | "42883" => {
            DatabaseError::NotFound { url, reason }
        }
        "42501" => DatabaseError::Denied { url, reason },
        "25006" => DatabaseError::Writes { url, reason },
        "0A000" if reason.contains("data-modifying") => DatabaseError::Writes { url, reason },
        "57014" => DatabaseError::Busy { url, reason },
        "40001" | "40P01" | "55P03" => DatabaseError::Busy { url, reason },
        "53300" | "57P03" => DatabaseError::Unreachable { url, reason },
        _ => match &state[..state.len().min(2)] {
            "28" => DatabaseError::Login { url, reason },
            "08" | "57" => DatabaseError::Lost { url, reason },
            "22" | "23" => DatabaseError::Value { url, reason },
            _ => DatabaseError::Query { url, reason },
        },
    }
}

fn of_mysql(number: u16, url: String, reason: String) -> DatabaseError {
    match number {
        1044 | 1045 | 1698 | 1251 => DatabaseError::Login { url, reason },
        1049 | 1051 | 1054 | 1146 | 1305 => DatabaseError::NotFound { url, reason },
        1142 | 1143 | 1227 | 1370 => DatabaseError::Denied { url, reason },
        1290 | 1792 => DatabaseError::Writes { url, reason },
        1205 | 1213 | 1317 | 1969 | 3024 => DatabaseError::Busy { url, reason },
        1040 | 1203 => DatabaseError::Unreachable { url, reason },
        1053 | 1927 | 2006 | 2013 => DatabaseError::Lost { url, reason },
        1048 | 1062 | 1264 | 1265 | 1292 | 1364 | 1366 | 1406 | 1411 | 1451 | 1452 | 1690
        | 4025 => DatabaseError::Value { url, reason },
        _ => DatabaseError::Query { url, reason },
    }
}
