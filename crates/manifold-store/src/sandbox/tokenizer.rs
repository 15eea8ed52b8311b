//! Splits SQL text into tokens the way SQLite does, far enough to find names and statement ends.

use std::borrow::Cow;

/// What a token is. White space and comments are not tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A bare name or keyword.
    Word,
    /// A name in double quotes, brackets or backticks.
    QuotedName,
    /// Text in single quotes, which SQLite also accepts where a name is expected.
    Text,
    /// A number or a blob literal.
    Literal,
    /// A parameter: `?`, `?3`, `:name`, `@name` or `$name`.
    Parameter,
    /// One byte of punctuation.
    Punctuation(u8),
}

/// A token and where it stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// What it is.
    pub(super) kind: TokenKind,
    /// Byte offset of its first byte.
    pub(super) start: usize,
    /// Its text as written, quotes included.
    pub(super) text: &'a str,
}

impl<'a> Token<'a> {
    /// The byte offset just behind the token.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this bare keyword, in any case.
    pub(super) fn is_keyword(&self, keyword: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(keyword)
    }

    /// Whether it is this punctuation byte.
    pub(super) fn is(&self, byte: u8) -> bool {
        self.kind == TokenKind::Punctuation(byte)
    }

    /// The name it stands for where SQLite expects a name; `None` if it cannot be one.
    pub(super) fn name(&self) -> Option<Cow<'a, str>> {
        match self.kind {
            TokenKind::Word => Some(Cow::Borrowed(self.text)),
            TokenKind::QuotedName | TokenKind::Text => Some(unquote(self.text)),
            TokenKind::Literal | TokenKind::Parameter | TokenKind::Punctuation(_) => None,
        }
    }
}

/// Removes the quotes of a quoted name or text and undoubles the quotes inside.
fn unquote(text: &str) -> Cow<'_, str> {
    let quote = &text[..1];
    let close = if quote == "[" { "]" } else { quote };
    let inner = text[1..].strip_suffix(close).unwrap_or(&text[1..]);
    if quote == "[" || !inner.contains(quote) {
        return Cow::Borrowed(inner);
    }
    Cow::Owned(inner.replace(&quote.repeat(2), quote))
}

/// The tokens of `sql`, in order. Any text yields tokens: what SQLite would not accept is left for
/// SQLite to say.
pub(super) fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < sql.len() {
        let (kind, end) = scan(sql.as_bytes(), at);
        if let Some(kind) = kind {
            found.push(Token {
                kind,
                start: at,
                text: &sql[at..end],
            });
        }
        at = end;
    }
    found
}

/// The token that starts at `at` (`None` for white space and comments) and where it ends.
fn scan(sql: &[u8], at: usize) -> (Option<TokenKind>, usize) {
    let next = sql.get(at + 1).copied();
    match sql[at] {
        byte if is_space(byte) => (None, at + 1),
        // A byte order mark is white space wherever a token could start.
        0xef if sql[at..].starts_with(b"\xef\xbb\xbf") => (None, at + 3),
        b'-' if next == Some(b'-') => (None, after(sql, at + 2, b"\n")),
        b'/' if next == Some(b'*') && at + 2 < sql.len() => (None, after(sql, at + 2, b"*/")),
        quote @ (b'"' | b'`') => (Some(TokenKind::QuotedName), after_quoted(sql, at, quote)),
        b'[' => (Some(TokenKind::QuotedName), after(sql, at + 1, b"]")),
        b'\'' => (Some(TokenKind::Text), after_quoted(sql, at, b'\'')),
        b'x' | b'X' if next == Some(b'\'') => (Some(TokenKind::Literal), after(sql, at + 2, b"'")),
        b'0'..=b'9' => (Some(TokenKind::Literal), after_number(sql, at)),
        b'.' if next.is_some_and(|b| b.is_ascii_digit()) => {
            (Some(TokenKind::Literal), after_number(sql, at))
        }
        b'?' => (
            Some(TokenKind::Parameter),
            after_while(sql, at + 1, |byte| byte.is_ascii_digit()),
        ),
        byte @ (b':' | b'@' | b'$' | b'#') => match after_parameter(sql, at + 1) {
            Some(end) => (Some(TokenKind::Parameter), end),
            None => (Some(TokenKind::Punctuation(byte)), at + 1),
        },
        byte if is_name_byte(byte) => (Some(TokenKind::Word), after_while(sql, at, is_name_byte)),
        byte => (Some(TokenKind::Punctuation(byte)), at + 1),
    }
}

/// White space. A vertical tab is some only behind other white space; alone SQLite refuses it.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Bytes of bare names: every byte of a character beyond ASCII is one.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// Just behind the next `end` at or after `from`, or the end of the text.
fn after(sql: &[u8], from: usize, end: &[u8]) -> usize {
    sql[from..]
        .windows(end.len())
        .position(|window| window == end)
        .map_or(sql.len(), |found| from + found + end.len())
}

/// Behind a quoted token whose opening quote is at `at`; a doubled quote does not close it.
fn after_quoted(sql: &[u8], at: usize, quote: u8) -> usize {
    let mut end = at + 1;
    while end < sql.len() {
        if sql[end] != quote {
            end += 1;
        } else if sql.get(end + 1) == Some(&quote) {
            end += 2;
        } else {
            return end + 1;
        }
    }
    sql.len()
}

/// Behind the bytes from `from` on that satisfy `belongs`.
fn after_while(sql: &[u8], from: usize, belongs: impl Fn(u8) -> bool) -> usize {
    sql[from..]
        .iter()
        .position(|&byte| !belongs(byte))
        .map_or(sql.len(), |found| from + found)
}

/// Behind a number: digits, a fraction, an exponent with its sign.
fn after_number(sql: &[u8], at: usize) -> usize {
    let mut end = at;
    while end < sql.len() {
        let signed = matches!(sql[end], b'+' | b'-')
            && matches!(sql[end - 1], b'e' | b'E')
            && !sql[at..end].starts_with(b"0x")
            && !sql[at..end].starts_with(b"0X");
        if !(is_name_byte(sql[end]) || sql[end] == b'.' || (end > at && signed)) {
            break;
        }
        end += 1;
    }
    end
}

/// Behind a parameter's name, which may have `::` anywhere and a suffix as in `$a::b(c)`; `None`
/// for a lone sigil.
fn after_parameter(sql: &[u8], from: usize) -> Option<usize> {
    let mut end = from;
    let mut named = false;
    loop {
        let next = after_while(sql, end, is_name_byte);
        named |= next > end;
        end = next;
        if sql[end..].starts_with(b"::") {
            end += 2;
            continue;
        }
        if named && sql.get(end) == Some(&b'(') {
            end = after_while(sql, end + 1, |byte| byte != b')' && !is_space(byte));
            end += usize::from(sql.get(end) == Some(&b')'));
        }
        return named.then_some(end);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        tokens(sql).iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_white_space_are_skipped() {
        assert_eq!(
            texts("SELECT--x;\n1/*;*/,2 /* open ; "),
            ["SELECT", "1", ",", "2"]
        );
        assert_eq!(texts("1 /*"), ["1", "/", "*"]);
    }

    #[test]
    fn quotes_keep_what_they_enclose() {
        assert_eq!(
            texts("'a;''b' \"c\"\"d\" [e;]f `g``h`"),
            ["'a;''b'", "\"c\"\"d\"", "[e;]", "f", "`g``h`"]
        );
        let names: Vec<_> = tokens("\"c\"\"d\" [e\"\"f] `g``h` 'it''s'")
            .iter()
            .map(|t| t.name().unwrap().into_owned())
            .collect();
        assert_eq!(names, ["c\"d", "e\"\"f", "g`h", "it's"]);
    }

    #[test]
    fn an_open_quote_reaches_the_end() {
        assert_eq!(texts("a 'b; c"), ["a", "'b; c"]);
        assert_eq!(
            tokens("\"").first().and_then(Token::name).as_deref(),
            Some("")
        );
        assert_eq!(
            tokens("[").first().and_then(Token::name).as_deref(),
            Some("")
        );
    }

    #[test]
    fn numbers_blobs_and_parameters_are_single_tokens() {
        assert_eq!(
            texts("1.5e-3+0x1e+2 x'00' :a @b $c::d(e) ?12 ? .5"),
            [
                "1.5e-3", "+", "0x1e", "+", "2", "x'00'", ":a", "@b", "$c::d(e)", "?12", "?", ".5"
            ]
        );
    }

    #[test]
    fn characters_beyond_ascii_are_parts_of_names() {
        assert_eq!(texts("é=\u{2003}1;"), ["é", "=", "\u{2003}1", ";"]);
        assert_eq!(
            texts("\u{feff}SELECT \u{feff}a\u{feff}b \u{b}1"),
            ["SELECT", "a\u{feff}b", "1"]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_cut_into_tokens_in_order(sql in "[-/*'\"`\\[\\]x;:@$?#.() \nae0\u{feff}é\u{b}]{0,40}") {
            let mut at = 0;
            for token in tokens(&sql) {
                prop_assert!(token.start >= at && !token.text.is_empty(), "{sql:?}");
                prop_assert_eq!(&sql[token.start..token.end()], token.text);
                let _ = token.name();
                at = token.end();
            }
        }
    }
}
