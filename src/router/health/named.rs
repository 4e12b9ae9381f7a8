//! Things of suppliers, in the order of the suppliers' names. A plan asks about hundreds in that order, so
//! they lie side by side and each is looked for where the last one was found.

use crate::domain::ids::SupplierId;

/// At most one thing for each supplier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named<T>(Vec<(SupplierId, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Default> Named<T> {
    pub fn get(&self, supplier: &SupplierId) -> Option<&T> {
        self.walk().find(supplier)
    }

    /// The supplier's name as it is kept here, and its thing, which begins here if there is none.
    pub fn of(&mut self, supplier: &SupplierId) -> Option<(&SupplierId, &mut T)> {
        let found = self.0.binary_search_by(|(name, _)| name.cmp(supplier));
        let place = found.unwrap_or_else(|place| {
            self.0.insert(place, (supplier.clone(), T::default()));
            place
        });
        self.0.get_mut(place).map(|(name, thing)| (&*name, thing))
    }

    /// For whoever asks in the order of names.
    pub fn walk(&self) -> Walk<'_, T> {
        Walk { things: &self.0, next: 0 }
    }
}

/// One way through things by their suppliers' names.
pub(super) struct Walk<'a, T> {
    things: &'a [(SupplierId, T)],
    next: usize,
}

impl<'a, T> Walk<'a, T> {
    /// The supplier's; at once if it is the next one, and by search if not.
    pub fn find(&mut self, supplier: &SupplierId) -> Option<&'a T> {
        if let Some((name, thing)) = self.things.get(self.next)
            && name == supplier
        {
            self.next = self.next.saturating_add(1);
            return Some(thing);
        }
        let place = self.things.binary_search_by(|(name, _)| name.cmp(supplier)).ok()?;
        self.next = place.saturating_add(1);
        self.things.get(place).map(|(_, thing)| thing)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(n: u8) -> SupplierId {
        SupplierId::from(format!("s{n:03}").as_str())
    }

    proptest! {
        #[test]
        fn whatever_the_order_each_supplier_has_its_own(put in prop::collection::vec(0_u8..40, 0..60), asked in prop::collection::vec(0_u8..40, 0..80)) {
            let mut counted: Named<u32> = Named::default();
            for n in &put {
                *counted.of(&name(*n)).unwrap().1 += 1;
            }
            let mut walk = counted.walk();
            for n in asked {
                let times = put.iter().filter(|put| **put == n).count();
                let expected = (times > 0).then(|| u32::try_from(times).unwrap());
                prop_assert_eq!(walk.find(&name(n)).copied(), expected);
                prop_assert_eq!(counted.get(&name(n)).copied(), expected);
            }
        }
    }
}
