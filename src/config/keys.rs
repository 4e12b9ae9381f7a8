//! Which keys exist, asked of the types themselves, so that no second list can disagree with them.

use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

use super::settings::{Admin, Callbacks, Config, Log, Peers, Server, Store, Suppliers};
use crate::domain::policy::Policy;

/// The sections.
pub(super) fn sections() -> &'static [&'static str] {
    fields_of::<Config>()
}

/// The keys of a section; empty for a section that does not exist.
pub(super) fn keys_of(section: &str) -> &'static [&'static str] {
    match section {
        "server" => fields_of::<Server>(),
        "store" => fields_of::<Store>(),
        "suppliers" => fields_of::<Suppliers>(),
        "peers" => fields_of::<Peers>(),
        "policy" => fields_of::<Policy>(),
        "callbacks" => fields_of::<Callbacks>(),
        "admin" => fields_of::<Admin>(),
        "log" => fields_of::<Log>(),
        _ => &[],
    }
}

/// Sections that have this key.
pub(super) fn sections_with(key: &str) -> impl Iterator<Item = &'static str> {
    sections().iter().copied().filter(move |section| keys_of(section).contains(&key))
}

/// The names that a struct is read from.
fn fields_of<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let mut fields: &'static [&'static str] = &[];
    // Always an error: nothing is read, the names are heard on the way.
    let _ = T::deserialize(Listener {
        heard: &mut fields,
        lifetime: PhantomData,
    });
    fields
}

struct Listener<'a, 'de> {
    heard: &'a mut &'static [&'static str],
    lifetime: PhantomData<&'de ()>,
}

impl<'de> Deserializer<'de> for Listener<'_, 'de> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom("there is nothing to read"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.heard = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
