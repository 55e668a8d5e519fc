//! Values that are kept once and named by a number.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::rc::Rc;

use super::unordered::Map;

/// The number of a value of a kind. Zero is the first value that was kept.
pub struct Number<Value>(u32, PhantomData<fn() -> Value>);

/// All values of a kind.
pub struct Interned<Value> {
    values: Vec<Rc<Value>>,
    numbers: Map<Rc<Value>, u32>,
}

impl<Value: Eq + Hash + Default> Default for Interned<Value> {
    fn default() -> Self {
        let mut empty = Self {
            values: Vec::new(),
            numbers: Map::new(),
        };
        // So that the number of a default is the default number.
        empty.number(Value::default());
        empty
    }
}

impl<Value: Eq + Hash> Interned<Value> {
    /// The number of a value: the same for two that are equal.
    pub fn number(&mut self, value: Value) -> Number<Value> {
        if let Some(number) = self.numbers.get(&value) {
            return Number(*number, PhantomData);
        }
        let number = u32::try_from(self.values.len()).expect("fewer than four thousand million values");
        let value = Rc::new(value);
        self.values.push(Rc::clone(&value));
        self.numbers.insert(value, number);
        Number(number, PhantomData)
    }

    /// The value of a number.
    pub fn of(&self, number: Number<Value>) -> Rc<Value> {
        Rc::clone(&self.values[number.0 as usize])
    }
}

// By hand, because a derived one would ask the same of the value.
impl<Value> Clone for Number<Value> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<Value> Copy for Number<Value> {}
impl<Value> PartialEq for Number<Value> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<Value> Eq for Number<Value> {}
impl<Value> Hash for Number<Value> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<Value> Default for Number<Value> {
    fn default() -> Self {
        Self(0, PhantomData)
    }
}
impl<Value> fmt::Debug for Number<Value> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
