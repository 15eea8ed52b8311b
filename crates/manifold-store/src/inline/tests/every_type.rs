//! A table with a column of every type that is read here, and rows of random values for it.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

pub(super) const TABLE: &str = "CREATE TABLE every_type (id bigint NOT NULL PRIMARY KEY, yes boolean NOT NULL, \
    small integer NOT NULL, number double NOT NULL, name text NOT NULL, kind text NOT NULL, json jsonb_text NOT NULL, \
    list jsonb_text NOT NULL, at timestamp_text NOT NULL, uid uuid_blob NOT NULL, data blob NOT NULL, \
    maybe_yes boolean, maybe_small integer, maybe_big bigint, maybe_number double, maybe_name text, maybe_kind text, \
    maybe_json jsonb_text, maybe_at timestamp_text, maybe_uid uuid_blob, maybe_data blob)";

#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "Shape")]
pub(super) enum Shape {
    #[sea_orm(string_value = "round")]
    Round,
    #[sea_orm(string_value = "flat")]
    Flat,
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "every_type")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub yes: bool,
    pub small: i32,
    #[sea_orm(column_type = "Double")]
    pub number: f64,
    pub name: String,
    pub kind: Shape,
    #[sea_orm(column_type = "JsonBinary")]
    pub json: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub list: entity_project::StringList,
    pub at: DateTimeUtc,
    pub uid: Uuid,
    pub data: Vec<u8>,
    pub maybe_yes: Option<bool>,
    pub maybe_small: Option<i32>,
    pub maybe_big: Option<i64>,
    #[sea_orm(column_type = "Double", nullable)]
    pub maybe_number: Option<f64>,
    pub maybe_name: Option<String>,
    pub maybe_kind: Option<Shape>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub maybe_json: Option<Json>,
    pub maybe_at: Option<DateTimeUtc>,
    pub maybe_uid: Option<Uuid>,
    pub maybe_data: Option<Vec<u8>>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(super) fn to_insert(&self) -> ActiveModel {
        let row = self.clone();
        ActiveModel {
            id: Set(row.id),
            yes: Set(row.yes),
            small: Set(row.small),
            number: Set(row.number),
            name: Set(row.name),
            kind: Set(row.kind),
            json: Set(row.json),
            list: Set(row.list),
            at: Set(row.at),
            uid: Set(row.uid),
            data: Set(row.data),
            maybe_yes: Set(row.maybe_yes),
            maybe_small: Set(row.maybe_small),
            maybe_big: Set(row.maybe_big),
            maybe_number: Set(row.maybe_number),
            maybe_name: Set(row.maybe_name),
            maybe_kind: Set(row.maybe_kind),
            maybe_json: Set(row.maybe_json),
            maybe_at: Set(row.maybe_at),
            maybe_uid: Set(row.maybe_uid),
            maybe_data: Set(row.maybe_data),
        }
    }
}

pub(super) fn row() -> impl Strategy<Value = Model> {
    let required = (
        any::<i64>(),
        any::<bool>(),
        any::<i32>(),
        number(),
        text(),
        shape(),
        json(),
        vec(text(), 0..3),
    );
    let special = (time(), uid(), vec(any::<u8>(), 0..40));
    let optional = (
        option::of(any::<bool>()),
        option::of(any::<i32>()),
        option::of(any::<i64>()),
        option::of(number()),
        option::of(text()),
        option::of(shape()),
        option::of(json()),
        option::of(time()),
        option::of(uid()),
        option::of(vec(any::<u8>(), 0..40)),
    );
    (required, special, optional).prop_map(|(required, special, optional)| Model {
        id: required.0,
        yes: required.1,
        small: required.2,
        number: required.3,
        name: required.4,
        kind: required.5,
        json: required.6,
        list: entity_project::StringList(required.7),
        at: special.0,
        uid: special.1,
        data: special.2,
        maybe_yes: optional.0,
        maybe_small: optional.1,
        maybe_big: optional.2,
        maybe_number: optional.3,
        maybe_name: optional.4,
        maybe_kind: optional.5,
        maybe_json: optional.6,
        maybe_at: optional.7,
        maybe_uid: optional.8,
        maybe_data: optional.9,
    })
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![Just(Shape::Round), Just(Shape::Flat)]
}

/// Any number but NaN, which SQLite stores as NULL.
pub(super) fn number() -> impl Strategy<Value = f64> {
    any::<f64>().prop_map(|number| if number.is_nan() { 0.5 } else { number })
}

/// Texts with quotes, NUL, several bytes a character, and what looks like another type.
pub(super) fn text() -> impl Strategy<Value = String> {
    let parts = prop_oneof![
        any::<char>().prop_map(String::from),
        Just("'\"".to_owned()),
        Just("\0".to_owned()),
        Just("007".to_owned()),
        Just("1e3".to_owned()),
        Just("null".to_owned()),
    ];
    vec(parts, 0..12).prop_map(|parts| parts.concat())
}

pub(super) fn time() -> impl Strategy<Value = DateTimeUtc> {
    (-62_000_000_000_i64..253_000_000_000, 0_u32..1_000_000_000)
        .prop_map(|(seconds, nanos)| DateTimeUtc::from_timestamp(seconds, nanos).unwrap())
}

pub(super) fn uid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

/// A JSON value that is not null itself, which is stored as the text `null` but read as NULL by neither side.
pub(super) fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        // serde_json reads some long fractions one bit off, whoever stored them.
        any::<i32>().prop_map(|eighths| Json::from(f64::from(eighths) / 8.0)),
        text().prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::hash_map(text(), inner, 0..4)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}
