//! What must not compile, and what the compiler says about it.

#[test]
fn an_entity_of_another_database_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
