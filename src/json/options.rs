//! A part's options as rows: each field with its meaning, its default and what it takes, in one place.

/// Declares a struct of options, and `read`, which takes them out of their section of the configuration.
///
/// A row is `/// meaning`, the field, its type, and the method of [`Section`](crate::json::section::Section) that reads
/// it with the field's name in JSON and that method's further arguments. Those may use the values of the rows before,
/// and what the struct names in parentheses: defaults that depend on other parts.
macro_rules! options {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident($($given:ident: $type:ty),*) {
            $(#[doc = $meaning:literal] $field:ident: $kind:ty = $row:ident($json:literal $(, $argument:expr)*),)*
        }
    ) => {
        $(#[$attribute])*
        pub struct $name {
            $(#[doc = $meaning] pub $field: $kind,)*
        }

        impl $name {
            /// Reads each field out of the section; one that is missing or wrong has its default.
            // All in one function, they are the longest of the wasm, and V8's memory while it compiles grows with that.
            #[inline(never)]
            pub(crate) fn read(section: &mut $crate::json::section::Section $(, $given: $type)*) -> Self {
                $(let $field = section.$row($json, $meaning $(, $argument)*);)*
                Self { $($field,)* }
            }
        }
    };
}

pub(crate) use options;
