//! The values of a request: constants, templates, lists and tables, and JSON within a text.

use std::sync::Arc;

use toml::de::DeValue;

use super::fault::LoadError;
use super::filters::{Raw, RawKind};
use super::json;
use super::scope::Scope;
use super::section::Item;
use super::template::{NoValue, Template};
use super::tree::{Field, Tree};

/// A value of a request.
#[derive(Debug)]
pub(super) enum Leaf {
    Constant(Tree),
    Template(Template),
    List(Vec<Leaf>),
    Map(Vec<(Arc<str>, Leaf)>),
    /// A value written as JSON into a text: JSON within a form field or within JSON.
    JsonText(Box<Leaf>),
}

impl Leaf {
    /// The value with every template filled.
    pub(super) fn fill(&self, scope: &Scope<'_>) -> Result<Tree, NoValue> {
        match self {
            Self::Constant(tree) => Ok(tree.clone()),
            Self::Template(template) => {
                let Some(expr) = template.only_hole() else {
                    return template.render(scope).map(Tree::text);
                };
                let value = expr.eval(scope)?;
                let text = expr.need_of(&value)?;
                let is_number = value.downcast_object_ref::<Raw>().is_some_and(|raw| raw.kind == RawKind::Number);
                Ok(if is_number { Tree::Number(text.into()) } else { Tree::text(text) })
            }
            Self::List(items) => {
                let items: Result<Vec<Tree>, NoValue> = items.iter().map(|item| item.fill(scope)).collect();
                items.map(Tree::list)
            }
            Self::Map(fields) => {
                let filled = fields.iter().map(|(name, leaf)| Ok((Arc::clone(name), leaf.fill(scope)?)));
                let fields: Result<Vec<Field>, NoValue> = filled.collect();
                fields.map(Tree::map)
            }
            Self::JsonText(leaf) => leaf.fill(scope).map(|tree| Tree::text(json::write(&tree))),
        }
    }
}

/// The fields of a table, in the order of the file.
pub(super) fn leaves(item: &Item<'_>) -> Result<Vec<(Arc<str>, Leaf)>, LoadError> {
    item.section()?
        .entries()
        .map(|item| Ok((Arc::from(item.key()), leaf(&item)?)))
        .collect()
}

fn leaf(item: &Item<'_>) -> Result<Leaf, LoadError> {
    let constant = |tree| Ok(Leaf::Constant(tree));
    match item.value() {
        DeValue::String(text) => {
            let template = Template::compile(text).map_err(|why| item.fault(why))?;
            Ok(match template.constant() {
                Some(text) => Leaf::Constant(Tree::text(text)),
                None => Leaf::Template(template),
            })
        }
        DeValue::Integer(number) if number.radix() == 10 => constant(Tree::Number(number.as_str().into())),
        DeValue::Float(number) if json::is_number(number.as_str()) => constant(Tree::Number(number.as_str().into())),
        DeValue::Boolean(flag) => constant(Tree::Bool(*flag)),
        DeValue::Array(_) => {
            let items: Result<Vec<Leaf>, LoadError> = item.list()?.iter().map(leaf).collect();
            items.map(Leaf::List)
        }
        DeValue::Table(_) => {
            let fields = leaves(item)?;
            match <[(Arc<str>, Leaf); 1]>::try_from(fields) {
                Ok([(name, inner)]) if *name == *"$json" => Ok(Leaf::JsonText(Box::new(inner))),
                Ok(one) => Ok(Leaf::Map(one.into())),
                Err(fields) => Ok(Leaf::Map(fields)),
            }
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) => {
            Err(item.fault("not a value that can be sent: write it as a text"))
        }
    }
}
