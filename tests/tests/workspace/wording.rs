//! What is written stands on its own: it speaks of the program, not of how, where or when it was written.

use regex::Regex;

use crate::sources::{Source, line_at};

/// What no text may say, and why. Brackets keep a pattern from finding itself.
const FORBIDDEN: &[(&str, &str)] = &[
    (
        r"(?i)\bp[r]ompts?\b",
        "say who asks whom: `asks on a terminal`",
    ),
    (
        r"(?i)\bs[e]ssion[ _-]?ids?\b",
        "the program has processes, jobs and workers",
    ),
    (r"(?i)\bp[r]ototyp", "what is here is the program itself"),
    (
        r"(?i)\b(s[t]age|m[i]lestone) \d",
        "a reader knows what exists, not in which order it came",
    ),
    (r"(?i)\bi[s]sue #?\d", "say what the problem is"),
    (
        r"/(w[o]rk|h[o]me/\w+|U[s]ers/\w+)/",
        "a path on somebody's machine",
    ),
    (
        r"(?i)\b(c[r]ates\.io|p[y]pi\.org|n[p]mjs\.(com|org)|proxy\.g[o]lang\.org)\b",
        "Cargo knows where packages come from",
    ),
];

#[test]
fn no_text_speaks_of_how_it_was_written() {
    let sources = Source::all();
    let mut found = Vec::new();
    for (pattern, reason) in FORBIDDEN {
        let pattern = Regex::new(pattern).unwrap();
        for source in &sources {
            found.extend(pattern.find_iter(&source.text).map(|hit| {
                format!(
                    "{}:{}: `{}`: {reason}",
                    source.path,
                    line_at(&source.text, hit.start()),
                    hit.as_str()
                )
            }));
        }
    }
    assert!(found.is_empty(), "say it otherwise:\n{}", found.join("\n"));
}
