//! Finds the encoding of the characters.

use super::{Asked, Decisions};
use crate::count::Count;
use crate::text_encoding::TextEncoding;

/// How many bytes are looked at.
const SAMPLE: usize = 256 * 1024;

/// Guesses the encoding of text that is not UTF-8.
pub(crate) trait EncodingGuess {
    /// The encoding that a text of these bytes is most likely written in.
    fn guess(&self, text: &[u8]) -> TextEncoding;
}

/// The detector of Firefox.
pub(crate) struct Chardetng;

impl EncodingGuess for Chardetng {
    fn guess(&self, text: &[u8]) -> TextEncoding {
        use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};

        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(text, true);
        TextEncoding::legacy(detector.guess(None, Utf8Detection::Deny))
    }
}

/// The encoding of an input that begins with `bytes`.
pub(crate) fn find_encoding(
    bytes: &[u8],
    asked: &Asked,
    guess: &impl EncodingGuess,
    decisions: &mut Decisions,
) -> TextEncoding {
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    let marked = marked(sample);
    if let Some(encoding) = asked.encoding {
        decisions.asked("encoding", encoding.name());
        let either = [TextEncoding::UTF_16LE, TextEncoding::UTF_16BE];
        // `utf-16` means the byte order that the mark says.
        return marked
            .filter(|marked| either.contains(marked) && either.contains(&encoding))
            .unwrap_or(encoding);
    }
    if let Some(encoding) = marked {
        decisions.add("encoding", encoding.name(), "the byte order mark", 1.0);
        return encoding;
    }
    if let Some((encoding, sure)) = utf16_by_nuls(sample) {
        let why = "every other byte of most characters is NUL";
        decisions.add("encoding", encoding.name(), why, sure);
        return encoding;
    }
    let Utf8 { valid, invalid } = Utf8::count(sample);
    if valid + invalid == 0 {
        let why = format!("the first {} are ASCII", Count(sample.len() as u64, "byte"));
        decisions.add("encoding", "utf-8", why, 0.9);
        return TextEncoding::UTF_8;
    }
    if invalid == 0 {
        let why = format!("{} of several bytes, all valid", Count(valid, "character"));
        decisions.add("encoding", "utf-8", why, 1.0);
        return TextEncoding::UTF_8;
    }
    let remembered = asked.remembered.map(|remembered| remembered.encoding);
    let encoding = match remembered.filter(|encoding| *encoding != TextEncoding::UTF_8) {
        Some(encoding) => encoding,
        None => guess.guess(sample),
    };
    if valid < invalid && reads_as_text(sample, encoding) {
        let why = format!(
            "{} {} no UTF-8 and read as words in {encoding}",
            Count(invalid, "byte"),
            if invalid == 1 { "is" } else { "are" }
        );
        decisions.add("encoding", encoding.name(), why, 0.7);
        return encoding;
    }
    let why = format!(
        "{} of several bytes valid, {} not; cells with those stay as they are",
        Count(valid, "character"),
        Count(invalid, "byte")
    );
    decisions.add("encoding", "utf-8", why, 0.6);
    TextEncoding::UTF_8
}

fn marked(bytes: &[u8]) -> Option<TextEncoding> {
    match bytes {
        [0xef, 0xbb, 0xbf, ..] => Some(TextEncoding::UTF_8),
        [0xff, 0xfe, 0, 0, ..] => None, // UTF-32, which is refused by name
        [0xff, 0xfe, ..] => Some(TextEncoding::UTF_16LE),
        [0xfe, 0xff, ..] => Some(TextEncoding::UTF_16BE),
        _ => None,
    }
}

/// UTF-16 without a mark: in most pairs one byte is NUL, always the same of the two, which is
/// every other character of ASCII.
fn utf16_by_nuls(bytes: &[u8]) -> Option<(TextEncoding, f64)> {
    let (mut nuls, mut pairs) = ([0_usize; 2], 0_usize);
    for pair in bytes.chunks_exact(2) {
        pairs += 1;
        nuls[0] += usize::from(pair[0] == 0 && pair[1] != 0);
        nuls[1] += usize::from(pair[1] == 0 && pair[0] != 0);
    }
    let [high, low] = nuls;
    // A character such as U+DE00 has its NUL on the other side.
    let is_most = |count: usize, other: usize| {
        let is_rare = 20 * other < pairs || other == 1 && count >= 10;
        pairs >= 2 && 2 * count > pairs && is_rare
    };
    let sure = |count: usize| count as f64 / pairs as f64;
    if is_most(low, high) {
        Some((TextEncoding::UTF_16LE, sure(low)))
    } else if is_most(high, low) {
        Some((TextEncoding::UTF_16BE, sure(high)))
    } else {
        None
    }
}

/// Characters of several bytes, and bytes that belong to none.
#[derive(Default)]
struct Utf8 {
    valid: u64,
    invalid: u64,
}

impl Utf8 {
    fn count(sample: &[u8]) -> Self {
        let mut counts = Self::default();
        if let Ok(text) = std::str::from_utf8(sample)
            && text.is_ascii()
        {
            return counts;
        }
        let mut end = sample.len();
        if let Err(error) = std::str::from_utf8(sample)
            && error.error_len().is_none()
        {
            end = error.valid_up_to(); // the sample ends within a character
        }
        for chunk in sample[..end].utf8_chunks() {
            counts.valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count() as u64;
            counts.invalid += chunk.invalid().len() as u64;
        }
        counts
    }
}

/// Whether the characters that are not ASCII are letters, in words or of one another's kind, or
/// common signs, rather than bytes of anything.
fn reads_as_text(sample: &[u8], encoding: TextEncoding) -> bool {
    let mut text = Vec::new();
    let end = encoding.whole_lines(sample, 0);
    let end = if end == 0 { sample.len() } else { end };
    encoding.decode(&sample[..end], &mut text);
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in text.utf8_chunks() {
        bad += chunk.invalid().len();
        let mut before = ' ';
        let mut characters = chunk.valid().chars().peekable();
        while let Some(c) = characters.next() {
            if !c.is_ascii() {
                let beside_letter =
                    before.is_alphabetic() || characters.peek().is_some_and(|c| c.is_alphabetic());
                let is_sign = "€£¥§°²³µ«»–—‘’“”…·©®".contains(c);
                // `ÿ` and `þ` are what bytes of anything most often look like.
                if (c.is_alphabetic() && beside_letter && !"ÿþ".contains(c)) || is_sign {
                    good += 1;
                } else {
                    bad += 1;
                }
            }
            before = c;
        }
    }
    good > 3 * bad
}
