//! Signatures as a recipe with knobs: which fields, in which order, joined how, hashed with what.
//!
//! The same recipe signs requests and verifies answers. Comparison is in constant time and over the
//! digest's bytes, so the case of a hex digit does not matter; after a verification only the fields
//! that the signature covers remain visible, so nothing uncovered can decide anything.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::charset::Charset;
use super::fault::LoadError;
use super::filters::in_hex;
use super::json;
use super::scope::Scope;
use super::section::{Item, Section};
use super::template::{NoValue, Template};
use super::tree::{Field, Tree};

/// Most texts to sign are shorter, in bytes.
const USUAL_LENGTH: usize = 512;

/// How a text to sign is made and hashed.
#[derive(Debug)]
pub(super) struct Recipe {
    over: Over,
    except: Vec<String>,
    has_names: bool,
    pair: String,
    join: String,
    drops_empty: bool,
    prefix: Template,
    suffix: Template,
    digest: Hash,
    key: Option<Template>,
    encode: Encoding,
    sees_request: bool,
}

#[derive(Debug)]
enum Over {
    /// All fields, by name.
    Sorted,
    /// All fields, as they stand.
    Given,
    /// These fields, in this order.
    Fields(Vec<String>),
    /// The body as JSON, its top keys by name.
    Json,
    /// The characters of the body's JSON, sorted.
    Characters,
    /// The body as it is.
    Body,
    /// A text of its own.
    Template(Template),
}

#[derive(Debug, Clone, Copy)]
enum Hash {
    Md5,
    Sha1,
    Sha256,
}

#[derive(Debug, Clone, Copy)]
enum Encoding {
    Hex,
    UpperHex,
    Base64,
}

/// What is there to be signed.
pub(super) struct Material<'a> {
    pub(super) fields: &'a [Field],
    pub(super) body: &'a str,
}

impl Recipe {
    /// Reads the knobs that signing and verifying share. `own` is the field the signature itself is in.
    pub(super) fn read(section: &mut Section<'_>, own: Option<&str>) -> Result<Self, LoadError> {
        let over = over(&section.need("over")?)?;
        let mut except: Vec<String> = section.texts("except")?.into_iter().map(str::to_owned).collect();
        except.extend(own.map(str::to_owned));
        let (digest, is_keyed) = digest(&section.need("digest")?)?;
        let key = template(section.get("key"))?;
        if is_keyed != key.is_some() {
            return Err(section.fault("`key` belongs to an hmac digest, and an hmac digest needs it"));
        }
        let encode = match section.get("encode") {
            None => Encoding::Hex,
            Some(item) => match item.text()? {
                "hex" => Encoding::Hex,
                "HEX" => Encoding::UpperHex,
                "base64" => Encoding::Base64,
                _ => return Err(item.fault("there are: hex, HEX, base64")),
            },
        };
        let drops_empty = match section.get("empties") {
            None => false,
            Some(item) => match item.text()? {
                "kept" => false,
                "dropped" => true,
                _ => return Err(item.fault("there are: kept, dropped")),
            },
        };
        let mut recipe = Self {
            over,
            except,
            has_names: section.flag("names", true)?,
            pair: section.text("pair")?.unwrap_or("=").to_owned(),
            join: section.text("join")?.unwrap_or("&").to_owned(),
            drops_empty,
            prefix: template(section.get("prefix"))?.unwrap_or(Template::nothing()),
            suffix: template(section.get("suffix"))?.unwrap_or(Template::nothing()),
            digest,
            key,
            encode,
            sees_request: false,
        };
        recipe.sees_request = matches!(recipe.over, Over::Body) || recipe.mentions("request");
        Ok(recipe)
    }

    /// Whether it may look at the body's text or at `request`.
    pub(super) fn sees_request(&self) -> bool {
        self.sees_request
    }

    /// Whether one of its templates may look at this name of the root scope.
    fn mentions(&self, name: &str) -> bool {
        let over = match &self.over {
            Over::Template(template) => template.mentions(name),
            Over::Sorted | Over::Given | Over::Fields(_) | Over::Json | Over::Characters | Over::Body => false,
        };
        let key = self.key.as_ref().is_some_and(|key| key.mentions(name));
        over || key || self.prefix.mentions(name) || self.suffix.mentions(name)
    }

    /// The text that is hashed, secrets included.
    pub(super) fn canonical(&self, material: &Material<'_>, scope: &Scope<'_>) -> Result<String, NoValue> {
        let mut out = String::with_capacity(USUAL_LENGTH);
        self.prefix.render_into(scope, &mut out)?;
        let fields = || {
            let mut kept = Vec::with_capacity(material.fields.len());
            kept.extend(material.fields.iter().filter(|(name, value)| self.covers(name, value)));
            kept
        };
        match &self.over {
            Over::Sorted => {
                let mut fields = fields();
                fields.sort_by(|left, right| left.0.cmp(&right.0));
                self.join_pairs(&fields, &mut out);
            }
            Over::Given => self.join_pairs(&fields(), &mut out),
            Over::Fields(names) => {
                let all = fields();
                let mut chosen = Vec::with_capacity(names.len());
                for name in names {
                    match all.iter().find(|(known, _)| **known == **name) {
                        Some(field) => chosen.push(*field),
                        None if self.drops_empty => {}
                        None => return Err(super::take::wrong(&format!("sign: field `{name}` is missing"))),
                    }
                }
                self.join_pairs(&chosen, &mut out);
            }
            Over::Json => out.push_str(&sorted_json(fields())),
            Over::Characters => {
                let mut characters: Vec<char> = json::write_object(fields()).chars().collect();
                characters.sort_unstable();
                out.extend(characters);
            }
            Over::Body => out.push_str(material.body),
            Over::Template(template) => template.render_into(scope, &mut out)?,
        }
        self.suffix.render_into(scope, &mut out)?;
        Ok(out)
    }

    fn join_pairs(&self, fields: &[&Field], out: &mut String) {
        for (place, (name, value)) in fields.iter().enumerate() {
            if place > 0 {
                out.push_str(&self.join);
            }
            if self.has_names {
                out.push_str(name);
                out.push_str(&self.pair);
            }
            out.push_str(&value.literal());
        }
    }

    /// The signature as it is sent.
    pub(super) fn sign(&self, material: &Material<'_>, scope: &Scope<'_>, charset: Charset) -> Result<String, NoValue> {
        let digest = self.digest(material, scope, charset)?;
        Ok(match self.encode {
            Encoding::Hex => in_hex(&digest),
            Encoding::UpperHex => in_hex(&digest).to_ascii_uppercase(),
            Encoding::Base64 => STANDARD.encode(digest),
        })
    }

    fn digest(&self, material: &Material<'_>, scope: &Scope<'_>, charset: Charset) -> Result<Vec<u8>, NoValue> {
        let text = self.canonical(material, scope)?;
        let bytes = charset
            .encode(&text)
            .ok_or_else(|| super::take::wrong("sign: a character is not in the charset"))?;
        let Some(key) = &self.key else {
            return Ok(match self.digest {
                Hash::Md5 => Md5::digest(&bytes).to_vec(),
                Hash::Sha1 => Sha1::digest(&bytes).to_vec(),
                Hash::Sha256 => Sha256::digest(&bytes).to_vec(),
            });
        };
        let key = key.render(scope)?;
        let keyed = match self.digest {
            Hash::Md5 => keyed::<Hmac<Md5>>(key.as_bytes(), &bytes),
            Hash::Sha1 => keyed::<Hmac<Sha1>>(key.as_bytes(), &bytes),
            Hash::Sha256 => keyed::<Hmac<Sha256>>(key.as_bytes(), &bytes),
        };
        keyed.ok_or_else(|| super::take::wrong("sign: the key cannot be used"))
    }

    /// Whether a field is among those that are signed.
    fn covers(&self, name: &str, value: &Tree) -> bool {
        let is_dropped = self.drops_empty && value.literal().is_empty();
        !is_dropped && !self.except.iter().any(|known| known == name)
    }

    fn decoded(&self, given: &str) -> Option<Vec<u8>> {
        match self.encode {
            Encoding::Hex | Encoding::UpperHex => hex::decode(given).ok(),
            Encoding::Base64 => STANDARD.decode(given).ok(),
        }
    }
}

/// Where a signature stands in an answer, how to make it again, and what it covers.
#[derive(Debug)]
pub(super) struct Verify {
    recipe: Recipe,
    from: Place,
    covers: Option<Vec<String>>,
}

#[derive(Debug)]
enum Place {
    Field(String),
    Header(HeaderName),
}

impl Verify {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self, LoadError> {
        let item = section.need("from")?;
        let text = item.text()?;
        let from = match (text.strip_prefix("body."), text.strip_prefix("header.")) {
            (Some(name), _) => Place::Field(name.to_owned()),
            (None, Some(name)) => Place::Header(name.parse().map_err(|_| item.fault("not a header name"))?),
            (None, None) => return Err(item.fault("a signature stands in `body.<field>` or `header.<name>`")),
        };
        let own = match &from {
            Place::Field(name) => Some(name.as_str()),
            Place::Header(_) => None,
        };
        let recipe = Recipe::read(&mut section, own)?;
        let covers = section.get("covers").map(|item| item.list()).transpose()?;
        let covers = match (covers, &recipe.over) {
            (Some(items), Over::Template(_)) => {
                let names: Result<Vec<String>, LoadError> = items.iter().map(|item| item.text().map(str::to_owned)).collect();
                Some(names?)
            }
            (None, Over::Template(_)) => {
                return Err(section.fault("`covers` is missing: name the fields that the template signs; only they will be seen"));
            }
            (Some(_), _) => return Err(section.fault("`covers` belongs to a recipe over a template")),
            (None, Over::Fields(names)) => Some(names.clone()),
            (None, _) => None,
        };
        section.finish()?;
        Ok(Self { recipe, from, covers })
    }

    /// The fields that the signature covers, if it is right.
    pub(super) fn check(&self, tree: &Tree, body: &str, headers: &HeaderMap, scope: &Scope<'_>, charset: Charset) -> Option<Tree> {
        let given = match &self.from {
            Place::Field(name) => tree.get(name).map(|value| value.literal().into_owned()),
            Place::Header(name) => headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned),
        };
        let given = self.recipe.decoded(&given?)?;
        let material = Material {
            fields: tree.fields(),
            body,
        };
        let expected = self.recipe.digest(&material, scope, charset).ok()?;
        if !bool::from(expected.ct_eq(&given)) {
            return None;
        }
        Some(match &self.covers {
            Some(names) => tree.retain(|name, _| names.iter().any(|known| known == name)),
            None => tree.retain(|name, value| self.recipe.covers(name, value)),
        })
    }

    /// Whether its recipe may look at the headers.
    pub(super) fn sees_headers(&self) -> bool {
        self.recipe.mentions("headers")
    }

    /// Whether somebody without the key can change what a signed text says: the order of characters
    /// is not signed, so they may change places.
    pub(super) fn is_malleable(&self) -> bool {
        matches!(self.recipe.over, Over::Characters)
    }

    /// What the signature would have been; only for samples, whose secrets are no secrets.
    pub(super) fn expected(&self, tree: &Tree, body: &str, scope: &Scope<'_>, charset: Charset) -> Result<String, NoValue> {
        self.recipe.sign(
            &Material {
                fields: tree.fields(),
                body,
            },
            scope,
            charset,
        )
    }
}

fn keyed<M: Mac + KeyInit>(key: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
    mac.update(bytes);
    Some(mac.finalize().into_bytes().to_vec())
}

fn sorted_json(mut fields: Vec<&Field>) -> String {
    fields.sort_by(|left, right| left.0.cmp(&right.0));
    json::write_object(fields)
}

fn over(item: &Item<'_>) -> Result<Over, LoadError> {
    if item.value().is_array() {
        let names: Result<Vec<String>, LoadError> = item.list()?.iter().map(|name| name.text().map(str::to_owned)).collect();
        return Ok(Over::Fields(names?));
    }
    match item.text()? {
        "sorted" => Ok(Over::Sorted),
        "given" => Ok(Over::Given),
        "json" => Ok(Over::Json),
        "characters" => Ok(Over::Characters),
        "body" => Ok(Over::Body),
        text if text.contains("{{") => Template::compile(text).map(Over::Template).map_err(|why| item.fault(why)),
        _ => Err(item.fault("there are: sorted, given, json, characters, body, a list of fields, and a template with {{ }}")),
    }
}

fn digest(item: &Item<'_>) -> Result<(Hash, bool), LoadError> {
    match item.text()? {
        "md5" => Ok((Hash::Md5, false)),
        "sha1" => Ok((Hash::Sha1, false)),
        "sha256" => Ok((Hash::Sha256, false)),
        "hmac-md5" => Ok((Hash::Md5, true)),
        "hmac-sha1" => Ok((Hash::Sha1, true)),
        "hmac-sha256" => Ok((Hash::Sha256, true)),
        _ => Err(item.fault("there are: md5, sha1, sha256, hmac-md5, hmac-sha1, hmac-sha256")),
    }
}

/// An optional template of a table.
pub(super) fn template(item: Option<Item<'_>>) -> Result<Option<Template>, LoadError> {
    item.map(|item| Template::compile(item.text()?).map_err(|why| item.fault(why)))
        .transpose()
}
