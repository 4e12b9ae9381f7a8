//! XML, a small part of it: elements, text, CDATA, the five entities and character references.
//!
//! Refused: DOCTYPE, processing instructions, unknown entities, text beside elements, a charset other
//! than the dialect's, and an element that stands twice unless the dialect declares it a list.
//! Attributes are not read; no supplier known puts meaning there.

use std::borrow::Cow;
use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, Event};

use super::charset::Charset;
use super::tree::{Field, MAX_DEPTH, MAX_NODES, Tree, has_duplicates};

/// Reads a document into a map with its root element as the only field. Elements named in `lists`
/// become lists, even alone.
pub(super) fn parse(text: &str, charset: Charset, lists: &[String]) -> Result<Tree, &'static str> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut open = vec![Element::default()];
    let mut nodes = 0_usize;
    let mut is_first = true;
    loop {
        let event = reader.read_event().map_err(|_| "XML: not well-formed")?;
        let is_inside = open.len() > 1;
        match event {
            Event::Start(start) => {
                attributes_are_sound(&start)?;
                open.push(Element::named(start.name().0));
            }
            Event::Empty(start) => {
                attributes_are_sound(&start)?;
                open.push(Element::named(start.name().0));
                close(&mut open, lists)?;
            }
            Event::End(_) => close(&mut open, lists)?,
            Event::Text(text) if is_inside => append(&mut open, text.into_inner())?,
            Event::CData(text) if is_inside => append(&mut open, text.into_inner())?,
            Event::Text(text) if text.chars().all(char::is_whitespace) => {}
            Event::Text(_) | Event::CData(_) => return Err("XML: text outside the root"),
            Event::GeneralRef(reference) if is_inside => {
                let c = match reference.resolve_char_ref().map_err(|_| "XML: not a character")? {
                    Some(c) => c,
                    None => entity(&reference).ok_or("XML: unknown entity")?,
                };
                append(&mut open, Cow::Owned(c.to_string()))?;
            }
            Event::GeneralRef(_) => return Err("XML: text outside the root"),
            Event::Decl(declaration) if is_first => declared_charset(&declaration, charset)?,
            Event::Decl(_) => return Err("XML: a second declaration"),
            Event::Comment(_) => {}
            Event::PI(_) => return Err("XML: a processing instruction"),
            Event::DocType(_) => return Err("XML: a DOCTYPE"),
            Event::Eof => break,
        }
        is_first = false;
        nodes = nodes.saturating_add(1);
        if open.len() > MAX_DEPTH {
            return Err("XML: too deep");
        }
        if nodes > MAX_NODES {
            return Err("XML: too many elements");
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(root), true) if root.children.len() == 1 => Ok(Tree::map(root.children)),
        (Some(_), true) => Err("XML: not one root element"),
        _ => Err("XML: cut off"),
    }
}

/// Most elements that have parts have fewer.
const USUAL_FIELDS: usize = 16;

#[derive(Default)]
struct Element<'t> {
    name: Arc<str>,
    text: Cow<'t, str>,
    children: Vec<Field>,
}

impl Element<'_> {
    fn named(name: &str) -> Self {
        Self {
            name: Arc::from(name),
            ..Self::default()
        }
    }
}

fn append<'t>(open: &mut [Element<'t>], text: Cow<'t, str>) -> Result<(), &'static str> {
    let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    let is_plain = text.bytes().all(|b| matches!(b, b' '..=b'~'));
    if !is_plain && text.chars().any(is_control) {
        return Err("XML: a control character");
    }
    if let Some(element) = open.last_mut() {
        element.text += text;
    }
    Ok(())
}

fn close(open: &mut Vec<Element<'_>>, lists: &[String]) -> Result<(), &'static str> {
    let element = open.pop().ok_or("XML: not well-formed")?;
    let parent = open.last_mut().ok_or("XML: not well-formed")?;
    let tree = if element.children.is_empty() {
        Tree::text(element.text)
    } else if !element.text.trim().is_empty() {
        return Err("XML: text beside elements");
    } else {
        Tree::map(gathered(element.children, lists)?)
    };
    if parent.children.is_empty() {
        parent.children.reserve(USUAL_FIELDS);
    }
    parent.children.push((element.name, tree));
    Ok(())
}

/// Joins the children that are declared lists; any other name may stand once.
fn gathered(children: Vec<Field>, lists: &[String]) -> Result<Vec<Field>, &'static str> {
    let mut fields = children;
    if !lists.is_empty() {
        let children = std::mem::take(&mut fields);
        for list in lists {
            let named = children.iter().filter(|(name, _)| **name == **list);
            let items: Vec<Tree> = named.map(|(_, tree)| tree.clone()).collect();
            if !items.is_empty() {
                fields.push((Arc::from(list.as_str()), Tree::list(items)));
            }
        }
        let is_list = |name: &str| lists.iter().any(|list| list == name);
        fields.extend(children.into_iter().filter(|(name, _)| !is_list(name)));
    }
    if has_duplicates(&fields) {
        return Err("XML: an element stands twice");
    }
    Ok(fields)
}

fn attributes_are_sound(start: &quick_xml::events::BytesStart<'_>) -> Result<(), &'static str> {
    for attribute in start.attributes() {
        attribute.map_err(|_| "XML: a broken attribute")?;
    }
    Ok(())
}

fn declared_charset(declaration: &BytesDecl<'_>, charset: Charset) -> Result<(), &'static str> {
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(label)) if charset.admits_label(&label) => Ok(()),
        Some(Ok(_) | Err(_)) => Err("XML: declares another charset"),
    }
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Tree, &'static str> {
        parse(text, Charset::Gbk, &["item".to_owned()])
    }

    #[test]
    fn elements_become_fields_and_declared_lists_stay_lists() {
        let tree = read(
            "<?xml version=\"1.0\" encoding=\"gb2312\"?>\n<r>\n <a>1 &amp; &#20805;</a><b/><item>x</item><c><![CDATA[<&]]></c>\n</r> ",
        )
        .unwrap();
        assert_eq!(
            super::super::json::write(&tree),
            r#"{"r":{"item":["x"],"a":"1 & 充","b":"","c":"<&"}}"#
        );
    }

    #[test]
    fn tricks_are_refused() {
        for text in [
            "<!DOCTYPE r [<!ENTITY a \"b\">]><r>&a;</r>",
            "<!DOCTYPE html><html></html>",
            "<r>&a;</r>",
            "<r>&#0;</r>",
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><r/>",
            "<r/><?xml version=\"1.0\"?>",
            "<r><?php ?></r>",
            "<r><a/><a/></r>",
            "<r>text<a/></r>",
            "<r><a></r></a>",
            "<r><a>1</a>",
            "<r></r><r></r>",
            "<r></r>text",
            "<r a=\"1\" a=\"2\"></r>",
            "<r>\u{1}</r>",
            "105",
            "",
            "<",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(&"<a>".repeat(100_000)).is_err());
        assert!(read(&format!("<r>{}</r>", "<item/>".repeat(MAX_NODES))).is_err());
    }
}
