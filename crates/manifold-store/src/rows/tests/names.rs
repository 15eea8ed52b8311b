use super::super::view_name;

#[test]
fn view_names_keep_out_of_the_way() {
    let taken =
        |name: &str| ["orders", "orders_2", "source"].contains(&name.to_lowercase().as_str());
    for (name, view) in [
        ("sales", "sales"),
        ("Orders", "Orders_3"),
        ("sqlite_stat1", "source_sqlite_stat1"),
        ("SQLite_x", "source_SQLite_x"),
        ("a@3", "a_3"),
        ("d12", "source_d12"),
        ("D12_pos", "source_D12_pos"),
        ("d", "d"),
        ("d1x", "d1x"),
        (" ", "source_2"),
        ("a\0b", "ab"),
    ] {
        assert_eq!(view_name(name, taken), view);
    }
}
