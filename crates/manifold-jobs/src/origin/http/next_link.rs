//! The header that says where the next page is.

use reqwest::header::{HeaderMap, LINK};

/// The address that RFC 8288 links name as `next`.
pub(super) fn next_link(headers: &HeaderMap) -> Option<String> {
    let links = headers.get_all(LINK).iter();
    links
        .filter_map(|link| link.to_str().ok())
        .find_map(next_in)
}

fn next_in(text: &str) -> Option<String> {
    let mut rest = text;
    loop {
        let start = rest.find('<')?;
        let end = start + rest[start..].find('>')?;
        let target = &rest[start + 1..end];
        let (is_next, behind) = relation(&rest[end + 1..]);
        if is_next {
            return Some(target.trim().to_owned());
        }
        rest = behind;
    }
}

/// Whether the parameters of a link say `rel=next`, and what follows them.
fn relation(text: &str) -> (bool, &str) {
    let (mut is_next, mut rest) = (false, text);
    loop {
        rest = rest.trim_start();
        let Some(parameter) = rest.strip_prefix(';') else {
            return (is_next, rest.strip_prefix(',').unwrap_or(rest));
        };
        let name_end = parameter.find(['=', ';', ',']).unwrap_or(parameter.len());
        let (name, behind) = parameter.split_at(name_end);
        let Some(value) = behind.strip_prefix('=') else {
            rest = behind;
            continue;
        };
        let value = value.trim_start();
        let (value, behind) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => value.split_at(value.find([';', ',']).unwrap_or(value.len())),
        };
        if name.trim().eq_ignore_ascii_case("rel") {
            let mut relations = value.split_ascii_whitespace();
            is_next |= relations.any(|relation| relation.eq_ignore_ascii_case("next"));
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn the_next_one_is_found_among_links() {
        for (header, next) in [
            (
                r#"<https://h/a?page=2>; rel="next""#,
                Some("https://h/a?page=2"),
            ),
            (
                r#"<p1>; rel="prev", <p3>; title="a, <b>; c"; rel="last next""#,
                Some("p3"),
            ),
            ("</x,y>;rel=next", Some("/x,y")),
            ("<a>; REL=NEXT ; x", Some("a")),
            (r#"<a>; rel="prev", <b>; rel=first"#, None),
            (r#"<a>; title="rel=next""#, None),
            ("<a>; rel=\"nextish\"", None),
            ("<a", None),
            ("rel=next", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(LINK, HeaderValue::from_static("<0>; rel=up"));
            headers.append(LINK, HeaderValue::from_str(header).unwrap());
            assert_eq!(next_link(&headers).as_deref(), next, "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_header_keeps_it_busy(text in "[<>;,=\" a-z]{0,60}") {
            next_in(&text);
        }
    }
}
