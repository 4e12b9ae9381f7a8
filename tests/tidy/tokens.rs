//! Rust source as the architecture test sees it: words and marks, each with its line.
//!
//! Not a compiler. Comments, strings, character literals and lifetimes are dropped, because an
//! import can hide in none of them; what is left is enough to read paths and attributes.
//! Reading never fails: unfinished input simply ends.

/// One word or mark of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// An identifier, a number, `::`, or a single mark.
    pub text: String,
    /// Line in the file, counted from 1.
    pub line: usize,
}

impl Token {
    /// Whether this is a name or a keyword, and not a number or a mark.
    pub fn is_word(&self) -> bool {
        self.text.starts_with(starts_word)
    }
}

/// Splits source text into tokens and drops comments and literals.
pub fn tokens(source: &str) -> Vec<Token> {
    let mut cursor = Cursor {
        chars: source.chars().collect(),
        at: 0,
        line: 1,
    };
    let mut found = Vec::new();
    while let Some(c) = cursor.peek(0) {
        let line = cursor.line;
        let text = match c {
            '/' if cursor.peek(1) == Some('/') => {
                cursor.skip_while(|c| c != '\n');
                continue;
            }
            '/' if cursor.peek(1) == Some('*') => {
                cursor.skip_block_comment();
                continue;
            }
            '"' => {
                cursor.skip_string();
                continue;
            }
            '\'' => {
                cursor.skip_quote();
                continue;
            }
            c if starts_word(c) => match cursor.literal_prefix() {
                Some(prefix_chars) => {
                    cursor.skip_prefixed_string(prefix_chars);
                    continue;
                }
                None => cursor.take_word(),
            },
            c if c.is_ascii_digit() => cursor.take_word(),
            ':' if cursor.peek(1) == Some(':') => {
                cursor.next();
                cursor.next();
                "::".to_owned()
            }
            c => {
                cursor.next();
                if c.is_whitespace() {
                    continue;
                }
                c.to_string()
            }
        };
        found.push(Token { text, line });
    }
    found
}

fn starts_word(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn continues_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Cursor {
    chars: Vec<char>,
    at: usize,
    line: usize,
}

impl Cursor {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek(0)?;
        self.at += 1;
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&wanted) {
            self.next();
        }
    }

    fn take_word(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.peek(0).filter(|c| continues_word(*c)) {
            word.push(c);
            self.next();
        }
        word
    }

    /// Block comments nest in Rust.
    fn skip_block_comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(c) = self.next() {
            match (c, self.peek(0)) {
                ('/', Some('*')) => {
                    self.next();
                    depth += 1;
                }
                ('*', Some('/')) => {
                    self.next();
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    fn skip_string(&mut self) {
        self.next();
        while let Some(c) = self.next() {
            match c {
                '\\' => {
                    self.next();
                }
                '"' => return,
                _ => {}
            }
        }
    }

    /// A character literal, or a lifetime, whose name is dropped with its quote.
    fn skip_quote(&mut self) {
        self.next();
        if self.peek(0) == Some('\\') {
            self.next();
            self.next();
            self.skip_while(|c| c != '\'');
            self.next();
        } else if self.peek(1) == Some('\'') {
            self.next();
            self.next();
        } else {
            self.take_word();
        }
    }

    /// How many characters of `r`, `b`, `c`, `br` or `cr` stand before a string's quote or hash.
    fn literal_prefix(&self) -> Option<usize> {
        let word: String = (0..3)
            .map_while(|ahead| self.peek(ahead))
            .take_while(|c| continues_word(*c))
            .collect();
        if !["r", "b", "c", "br", "cr"].contains(&word.as_str()) {
            return None;
        }
        let mut ahead = word.len();
        if word.ends_with('r') {
            while self.peek(ahead) == Some('#') {
                ahead += 1;
            }
        }
        (self.peek(ahead) == Some('"')).then_some(word.len())
    }

    fn skip_prefixed_string(&mut self, prefix_chars: usize) {
        let mut raw = false;
        for _ in 0..prefix_chars {
            raw = self.next() == Some('r');
        }
        if !raw {
            self.skip_string();
            return;
        }
        let mut hashes = 0_usize;
        while self.peek(0) == Some('#') {
            self.next();
            hashes += 1;
        }
        self.next();
        while let Some(c) = self.next() {
            if c == '"' && (0..hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                for _ in 0..hashes {
                    self.next();
                }
                return;
            }
        }
    }
}
