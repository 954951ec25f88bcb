//! A table as Parquet, without compression: one group of rows, no column empty.

use std::sync::Arc;

use parquet::basic::{ConvertedType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use crate::error::Error;
use crate::table::{Column, Table};

/// The file of a table, with `meta.json` in its metadata.
///
/// # Errors
/// [`Error::Usage`] with what the library says.
pub(super) fn parquet(table: &Table, meta: &str) -> Result<Vec<u8>, Error> {
    written(table, meta)
        .map_err(|e| Error::Usage(format!("--format parquet: table {}: {e}", table.name)))
}

fn written(table: &Table, meta: &str) -> Result<Vec<u8>, parquet::errors::ParquetError> {
    let field = |(name, column): &(String, Column)| {
        let (kind, meaning) = match column {
            Column::Text(_) => (Physical::BYTE_ARRAY, ConvertedType::UTF8),
            Column::Count(_) => (Physical::INT64, ConvertedType::NONE),
            Column::Number(_) | Column::Seconds(_) => (Physical::DOUBLE, ConvertedType::NONE),
        };
        let field = Type::primitive_type_builder(name, kind).with_repetition(Repetition::REQUIRED);
        field.with_converted_type(meaning).build().map(Arc::new)
    };
    let fields = table.columns.iter().map(field).collect::<Result<_, _>>()?;
    let schema = Type::group_type_builder(table.name)
        .with_fields(fields)
        .build()?;
    let meta = KeyValue::new("meta.json".to_string(), Some(meta.to_string()));
    let properties = WriterProperties::builder()
        .set_created_by("isac".into())
        .set_key_value_metadata(Some(vec![meta]))
        .build();
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, Arc::new(schema), Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    for (_, column) in &table.columns {
        let Some(mut out) = group.next_column()? else {
            break;
        };
        match column {
            Column::Text(texts) => {
                let rows = texts
                    .rows
                    .iter()
                    .map(|at| ByteArray::from(texts.names[*at as usize].as_str()));
                let rows: Vec<ByteArray> = rows.collect();
                out.typed::<ByteArrayType>()
                    .write_batch(&rows, None, None)?;
            }
            Column::Count(counts) => {
                let rows: Vec<i64> = counts.iter().map(|n| *n as i64).collect();
                out.typed::<Int64Type>().write_batch(&rows, None, None)?;
            }
            Column::Number(numbers) | Column::Seconds(numbers) => {
                out.typed::<DoubleType>().write_batch(numbers, None, None)?;
            }
        }
        out.close()?;
    }
    group.close()?;
    writer.close()?;
    Ok(file)
}
