//! Answers SQLite's question, for each thing a statement would do, whether it may.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::error::{QueryError, Readable};
use super::functions;
use super::schema::{Schema, fold, is_row_table};

/// Where a view finds what is published.
const PUBLISHED: &str = "published";

/// What a user's statement may reach.
#[derive(Debug)]
pub(super) struct Scope {
    /// The file's tables and views, and the TEMP views made for the run.
    pub(super) schema: Schema,
    /// Names that the statement's WITH clauses define, folded. None is a table or view.
    pub(super) with_names: HashSet<String>,
}

/// The authorizer's two states: open for the sandbox's own statements, guarded for a user's.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    scope: Option<Arc<Scope>>,
    refusal: Option<Refusal>,
}

/// Something that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refusal {
    what: String,
    why: String,
}

/// Guards the gate while it lives.
#[derive(Debug)]
pub(super) struct Guarded<'a>(&'a Gate);

impl Drop for Guarded<'_> {
    fn drop(&mut self) {
        self.0.lock().scope = None;
    }
}

impl Gate {
    /// Makes this gate the connection's authorizer.
    ///
    /// # Errors
    ///
    /// SQLite's error.
    pub(super) fn install(&self, connection: &Connection) -> rusqlite::Result<()> {
        let gate = self.clone();
        connection.authorizer(Some(move |context: AuthContext<'_>| gate.decide(&context)))
    }

    /// Lets through only what `scope` allows until the guard is dropped.
    pub(super) fn guard(&self, scope: Arc<Scope>) -> Guarded<'_> {
        let mut state = self.lock();
        state.scope = Some(scope);
        state.refusal = None;
        drop(state);
        Guarded(self)
    }

    /// What was refused first since the gate was last guarded, as the error to return.
    pub(super) fn error(&self) -> Option<QueryError> {
        let Refusal { what, why } = self.lock().refusal.clone()?;
        Some(QueryError::Denied { what, why })
    }

    fn decide(&self, context: &AuthContext<'_>) -> Authorization {
        let mut state = self.lock();
        let Some(scope) = state.scope.clone() else {
            return Authorization::Allow;
        };
        match scope.judge(context) {
            Ok(()) => Authorization::Allow,
            Err(refusal) => {
                state.refusal.get_or_insert(refusal);
                Authorization::Deny
            }
        }
    }

    /// A panic inside would deny, and the state is whole at any moment.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scope {
    fn judge(&self, context: &AuthContext<'_>) -> Result<(), Refusal> {
        match context.action {
            AuthAction::Select | AuthAction::Recursive => Ok(()),
            AuthAction::Read { table_name, column_name } => {
                self.judge_read(table_name, column_name, context.accessor)
            }
            AuthAction::Function { function_name } if functions::is_allowed(function_name) => Ok(()),
            AuthAction::Function { function_name } => Err(Refusal {
                what: format!("the function {function_name}()"),
                why: "it reads files, changes settings or serves another kind of table".to_owned(),
            }),
            // What `pragma_table_info('orders')` asks while it runs.
            AuthAction::Pragma {
                pragma_name: "table_info" | "table_xinfo",
                pragma_value: Some(value),
            } if self.schema.is_view(value) => Ok(()),
            AuthAction::Pragma { pragma_name, pragma_value: Some(value) } => Err(Refusal {
                what: format!("the pragma {pragma_name} of `{value}`"),
                why: self.way_out(),
            }),
            action => Err(Refusal {
                what: describe(&action),
                why: "a query reads and changes nothing; import, restore and the other commands change data".to_owned(),
            }),
        }
    }

    /// A table is readable if it is a view, or through a view. SQLite gives the table's name from
    /// the schema, the accessor's as the statement writes it, and an empty column for a table from
    /// which nothing but the number of its rows is used. It is told the accessor by name alone, so
    /// a WITH clause must not define the name of a view (see `run`).
    fn judge_read(&self, table: &str, column: &str, accessor: Option<&str>) -> Result<(), Refusal> {
        if self.schema.is_view(table) {
            return Ok(());
        }
        let defined = functions::is_allowed_table(table)
            || (column.is_empty() && self.with_names.contains(&fold(table)));
        if defined && !self.schema.contains(table) {
            return Ok(());
        }
        let behind_views = is_row_table(table) || table.eq_ignore_ascii_case(PUBLISHED);
        if behind_views
            && !column.is_empty()
            && accessor.is_some_and(|name| self.schema.is_view(name))
        {
            return Ok(());
        }
        let why = if behind_views {
            format!(
                "it holds rows of every snapshot, and of imports that are not finished; {}",
                self.way_out()
            )
        } else {
            self.way_out()
        };
        Err(Refusal {
            what: format!("reading the table `{table}`"),
            why,
        })
    }

    fn way_out(&self) -> String {
        format!(
            "only sources and their snapshots can be read by SQL; {}",
            Readable(self.schema.view_names())
        )
    }
}

/// What the statement would do, for people.
fn describe(action: &AuthAction<'_>) -> String {
    match action {
        AuthAction::Insert { table_name } => format!("inserting into `{table_name}`"),
        AuthAction::Delete { table_name } => format!("deleting from `{table_name}`"),
        AuthAction::Update { table_name, .. } => format!("updating `{table_name}`"),
        AuthAction::Attach { filename } => format!("attaching the file `{filename}`"),
        AuthAction::Pragma { pragma_name, .. } => format!("the pragma {pragma_name}"),
        AuthAction::CreateVtable { module_name, .. } => {
            format!("a table of the module {module_name}")
        }
        other => format!("the action {}", name_of(other)),
    }
}

/// The action's name without its arguments.
fn name_of(action: &AuthAction<'_>) -> String {
    let debug = format!("{action:?}");
    debug
        .split([' ', '(', '{'])
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads that no statement is known to reach, and that must be refused all the same.
    #[test]
    fn reads_are_judged_by_table_column_and_accessor() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE d7(c1); CREATE TABLE json_tree(x); CREATE VIEW orders AS SELECT c1 FROM d7")
            .unwrap();
        let scope = Scope {
            schema: Schema::read(&connection).unwrap(),
            with_names: ["x", "d7"].map(str::to_owned).into(),
        };
        for (table, column, accessor, allowed) in [
            ("ORDERS", "c1", None, true),
            ("d7", "c1", Some("Orders"), true),
            ("d7", "c1", Some("x"), false),
            ("d7", "c1", None, false),
            // A filter that is moved into a view is judged as if the view contained it.
            ("d7", "", Some("orders"), false),
            ("X", "", None, true),
            ("y", "", None, false),
            ("json_each", "value", None, true),
            ("json_tree", "x", None, false),
        ] {
            assert_eq!(
                scope.judge_read(table, column, accessor).is_ok(),
                allowed,
                "{table}.{column} by {accessor:?}"
            );
        }
    }
}
