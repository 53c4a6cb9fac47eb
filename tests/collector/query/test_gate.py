"""Tries hard to get anything but telemetry out of a query."""

from collections.abc import Iterator

import duckdb
import pytest

from modelyard.collector.query.functions import FUNCTIONS, TABLE_FUNCTIONS
from modelyard.collector.query.gate import check
from modelyard.collector.query.kql import language_of, to_sql
from modelyard.collector.query.percentiles import spelled_out
from modelyard.collector.query.ready import COLUMNS, VIEWS
from modelyard.domain.errors import BadInput, TooLarge


@pytest.fixture(scope="module")
def parser() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.mark.parametrize(
    ("query", "used"),
    [
        ("SELECT 1", set()),
        ("SELECT * FROM requests", {"requests"}),
        ('select count(*) from "REQUESTS"; -- the end', {"requests"}),
        ("FROM requests SELECT id WHERE timestamp > now() - INTERVAL 1 HOUR", {"requests"}),
        ("SELECT * FROM requests r JOIN traces t ON t.operation_Id = r.id",
         {"requests", "traces"}),
        ("WITH a AS (SELECT * FROM traces), b AS (FROM a) SELECT * FROM b", {"traces"}),
        ("WITH requests AS (SELECT 1 AS x) SELECT x FROM requests", set()),
        ("SELECT * FROM requests WHERE id IN (SELECT operation_Id FROM exceptions)",
         {"requests", "exceptions"}),
        ("WITH RECURSIVE r AS (SELECT 1 x UNION ALL SELECT x + 1 FROM r) FROM r LIMIT 5", set()),
        ("SELECT quantile_cont(duration, 0.95) FILTER (WHERE success) OVER (PARTITION BY name "
         "ORDER BY timestamp ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM requests",
         {"requests"}),
        ("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY duration) FROM requests",
         {"requests"}),
        ("SELECT date_trunc('minute', timestamp) m, count(*) FROM requests GROUP BY ALL "
         "HAVING count(*) > ? ORDER BY m LIMIT 10", {"requests"}),
        ("SELECT DISTINCT ON (name) name, CASE WHEN success THEN 1 ELSE 0 END, id LIKE 'a%', "
         "id[1:3], {'a': 1}.a, [x + 1 for x in [1, 2]], customDimensions->>'$.a', #1 "
         "FROM requests ORDER BY ALL", {"requests"}),
        ("SELECT * EXCLUDE (id), COLUMNS('.*Ms') FROM requests TABLESAMPLE 10%", {"requests"}),
        ("SELECT * FROM requests PIVOT (count(*) FOR resultCode IN ('200', '500'))", {"requests"}),
        ("(SELECT 1) UNION ALL (SELECT 2) EXCEPT SELECT 3 ORDER BY 1 LIMIT 50%", set()),
        ("SELECT * FROM range(10) a, generate_series(1, 3) b, unnest([1]) c, json_each('{}') d",
         set()),
        ("DESCRIBE requests", {"requests"}),
        ("SUMMARIZE SELECT duration FROM requests", {"requests"}),
        ("VALUES (1, 'read_csv')", set()),
        ("SELECT 'DROP TABLE requests; -- ''' AS \"a;b\" /* COPY x TO 'y' */", set()),
        ("FROM slowRequests", {"slowRequests"}),
    ],
)  # fmt: skip
def test_a_question_over_the_tables_passes(
    parser: duckdb.DuckDBPyConnection, query: str, used: set[str]
) -> None:
    assert check(parser, query, COLUMNS) == used


@pytest.mark.parametrize(
    ("query", "names"),
    [
        # no query, or more than one
        ("", "empty"),
        ("-- only a comment", "empty"),
        ("SELECT 1; SELECT 2", "2 statements"),
        ("SELECT 1; COPY requests TO '/tmp/x'", "2 statements"),
        ("SELEC 1", "SELEC"),
        # other statements
        ("COPY requests TO '/tmp/x.csv'", "COPY"),
        ("ATTACH '/tmp/x.db'", "ATTACH"),
        ("PRAGMA database_list", "PRAGMA"),
        ("SET memory_limit = '100GB'", "SET"),
        ("RESET lock_configuration", "SET"),
        ("INSTALL httpfs", "LOAD"),
        ("LOAD 'x.so'", "LOAD"),
        ("CREATE TABLE x AS SELECT 1", "CREATE"),
        ("CREATE MACRO f(a) AS a", "CREATE"),
        ("INSERT INTO requests SELECT 1", "INSERT"),
        ("DELETE FROM requests", "DELETE"),
        ("DROP VIEW requests", "DROP"),
        ("EXPORT DATABASE '/tmp/x'", "EXPORT"),
        ("CALL duckdb_settings()", "CALL"),
        ("EXPLAIN ANALYZE SELECT 1", "EXPLAIN"),
        ("PREPARE p AS SELECT 1", "PREPARE"),
        ("USE memory", "SET"),
        ("CHECKPOINT", "CALL"),
        ("VACUUM", "VACUUM"),
        ("BEGIN", "TRANSACTION"),
        ("PIVOT requests ON name USING count(*)", "PIVOT"),
        ("FROM (PIVOT requests ON name USING count(*))", "PIVOT"),
        ("SHOW TABLES", "SHOW"),
        ("SELECT * FROM (SHOW ALL TABLES)", "SHOW"),
        ("SHOW DATABASES", "SHOW"),
        # writing within a SELECT
        ("WITH x AS (INSERT INTO a VALUES (1) RETURNING *) SELECT * FROM x", "INSERT QUERY"),
        ("WITH x AS (DELETE FROM requests RETURNING *) SELECT * FROM x", "DELETE"),
        # files by their names
        ("SELECT * FROM 'x.parquet'", "x.parquet"),
        ("SELECT * FROM '/etc/passwd'", "/etc/passwd"),
        ('SELECT * FROM "https://example.com/x.csv"', "https://example.com/x.csv"),
        ("SELECT * FROM requests, 'x.csv' AS requests2", "x.csv"),
        ("SELECT (SELECT count(*) FROM 'x.json')", "x.json"),
        ("SELECT * FROM requests WHERE EXISTS (FROM 'x.csv')", "x.csv"),
        ("SELECT * FROM (((SELECT * FROM (SELECT * FROM 'x.csv'))))", "x.csv"),
        ("SELECT list_transform([1], lambda x: (SELECT 1 FROM 'x.csv'))", "x.csv"),
        ("SELECT * FROM requests ORDER BY (SELECT 1 FROM 'x.csv')", "x.csv"),
        ("SELECT 1 LIMIT (SELECT 1 FROM 'x.csv')", "x.csv"),
        ("SELECT sum(1) OVER (ORDER BY (SELECT 1 FROM 'x.csv'))", "x.csv"),
        ("SELECT sum(1) FILTER (WHERE (SELECT true FROM 'x.csv'))", "x.csv"),
        ("SELECT CASE WHEN (SELECT true FROM 'x.csv') THEN 1 END", "x.csv"),
        ("SELECT 1 GROUP BY (SELECT 1 FROM 'x.csv')", "x.csv"),
        ("SELECT 1 UNION SELECT * FROM 'x.csv'", "x.csv"),
        ("SELECT * FROM requests JOIN traces ON (SELECT true FROM 'x.csv')", "x.csv"),
        ("SELECT * REPLACE ((SELECT 1 FROM 'x.csv') AS id) FROM requests", "x.csv"),
        ("VALUES ((SELECT 1 FROM 'x.csv'))", "x.csv"),
        ("SELECT * FROM range((SELECT count(*) FROM 'x.csv'))", "x.csv"),
        ("DESCRIBE SELECT * FROM 'x.csv'", "x.csv"),
        ("SUMMARIZE 'x.csv'", "x.csv"),
        ("SELECT * FROM requests PIVOT (count(*) FOR name IN (SELECT a FROM 'x.csv'))", "x.csv"),
        # names of a WITH elsewhere
        ("SELECT * FROM (WITH \"x.csv\" AS (SELECT 1) SELECT 1), 'x.csv'", "x.csv"),
        ("WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a", "'b'"),
        ("WITH b AS (SELECT * FROM b) SELECT * FROM b", "'b'"),
        ("SELECT * FROM (WITH b AS (SELECT 1) FROM b) x, b", "'b'"),
        ("WITH duckdb_tables AS (SELECT 1) SELECT * FROM duckdb_tables", "duckdb_tables"),
        # other tables
        ("SELECT * FROM duckdb_settings", "duckdb_settings"),
        ("SELECT * FROM sqlite_master", "sqlite_master"),
        ("SELECT * FROM pg_catalog.pg_class", "pg_catalog.pg_class"),
        ("SELECT * FROM information_schema.tables", "information_schema.tables"),
        ("SELECT * FROM system.main.duckdb_views", "system.main.duckdb_views"),
        ("SELECT * FROM main.requests", "main.requests"),
        ("SELECT * FROM rows_requests", "rows_requests"),
        ("SELECT * FROM requests AT (VERSION => 1)", "requests"),
        ("TABLE duckdb_secrets", "duckdb_secrets"),
        # functions after FROM
        ("SELECT * FROM read_csv('/etc/passwd')", "read_csv"),
        ("SELECT * FROM READ_PARQUET('x')", "read_parquet"),
        ("SELECT * FROM \"read_text\"('/etc/passwd')", "read_text"),
        ("SELECT * FROM parquet_scan('x')", "parquet_scan"),
        ("SELECT * FROM parquet_metadata('x')", "parquet_metadata"),
        ("SELECT * FROM glob('/*')", "glob"),
        ("SELECT * FROM query('SELECT 1')", "query"),
        ("SELECT * FROM query_table('requests')", "query_table"),
        ("SELECT * FROM duckdb_secrets()", "duckdb_secrets"),
        ("SELECT * FROM duckdb_functions()", "duckdb_functions"),
        ("SELECT * FROM pragma_version()", "pragma_version"),
        ("SELECT * FROM seq_scan('requests')", "seq_scan"),
        ("SELECT * FROM json_execute_serialized_sql('{}')", "json_execute_serialized_sql"),
        ("SELECT * FROM main.range(1)", "main.range"),
        ("SELECT * FROM range(1), LATERAL (SELECT * FROM read_blob('x'))", "read_blob"),
        ("SELECT * FROM python_map_function(1)", "python_map_function"),
        # functions
        ("SELECT getenv('HOME')", "getenv"),
        ("SELECT getvariable('x')", "getvariable"),
        ("SELECT current_setting('home_directory')", "current_setting"),
        ("SELECT nextval('x')", "nextval"),
        ("SELECT json_serialize_sql('SELECT 1')", "json_serialize_sql"),
        ("SELECT sleep_ms(100000)", "sleep_ms"),
        ("SELECT pg_sleep(1000)", "pg_sleep"),
        ("SELECT write_log('x')", "write_log"),
        ("SELECT setseed(0.5)", "setseed"),
        ("SELECT version()", "version"),
        ("SELECT current_query()", "current_query"),
        ("SELECT pg_catalog.abs(1)", "pg_catalog.abs"),
        ("SELECT 'x'.getenv()", "getenv"),
        ("SELECT list_transform(['HOME'], lambda x: getenv(x))", "getenv"),
        ("SELECT [getenv(x) for x in ['HOME']]", "getenv"),
        ("SELECT * FROM range(CAST(getenv('X') AS INT))", "getenv"),
        ("SELECT max(current_setting(name)) OVER (PARTITION BY getenv(name)) FROM requests",
         "getenv"),
        ("SELECT 1 HAVING getenv('X') = ''", "getenv"),
        ("SELECT count(*) FROM requests TABLESAMPLE 10% WHERE getenv(id) = ''", "getenv"),
        ("SELECT g\u0435tenv('HOME')", "g\u0435tenv"),  # a Cyrillic letter
        ("SELECT \uff47etenv('HOME')", "\uff47etenv"),
        ("SELECT/**/getenv/* */('HOME')--", "getenv"),
        ("SELECT \x00 1", "code 0"),
        ("SELECT '\ud800'", "Unicode"),
    ],
)  # fmt: skip
def test_what_reaches_for_more_is_refused_by_name(
    parser: duckdb.DuckDBPyConnection, query: str, names: str
) -> None:
    with pytest.raises(BadInput) as refused:
        check(parser, query, COLUMNS)

    assert names.casefold() in refused.value.message.casefold()


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("SELECT " + "(" * 50_000, id="brackets that are not closed"),
        pytest.param("SELECT " + "(" * 20_000 + "1" + ")" * 20_000, id="brackets"),
        pytest.param("SELECT " + "[" * 500 + "]" * 500, id="lists"),
        pytest.param("SELECT " + "NOT " * 20_000 + "true", id="not"),
        pytest.param("SELECT 1" + " + 1" * 20_000, id="sum"),
        pytest.param("SELECT " + "abs(" * 300 + "1" + ")" * 300, id="calls"),
        pytest.param("FROM " + "(FROM " * 300 + "requests" + ")" * 300, id="subqueries"),
        pytest.param("SELECT " + "CASE WHEN true THEN " * 4000 + "1" + " END" * 4000, id="cases"),
    ],
)
@pytest.mark.timeout(20)
def test_what_nests_too_deeply_is_refused_at_once(
    parser: duckdb.DuckDBPyConnection, query: str
) -> None:
    with pytest.raises(BadInput):
        check(parser, query, COLUMNS)


def test_a_megabyte_of_sql_is_refused_by_its_size(parser: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(TooLarge, match="100,000"):
        check(parser, "SELECT '" + "x" * 1_000_000 + "'", COLUMNS)


def test_brackets_within_texts_and_comments_do_not_count(
    parser: duckdb.DuckDBPyConnection,
) -> None:
    text = "(" * 500

    assert check(parser, f"SELECT '{text}' /* {text} */ -- {text}", COLUMNS) == set()


def test_the_functions_are_known_to_duckdb_and_none_reads_files_or_text_as_sql(
    parser: duckdb.DuckDBPyConnection,
) -> None:
    rows = parser.execute(
        "SELECT lower(function_name), bool_or(function_type = 'table') FROM duckdb_functions() "
        "GROUP BY ALL"
    ).fetchall()
    tables = {name for name, table in rows if table}
    # these are grammar, or names that the parser gives to others
    grammar = {"!", "->", "coalesce", "current_time", "current_timestamp", "escape", "ifnull"}
    grammar |= {"percentile_cont", "percentile_disc", "try"}

    assert FUNCTIONS - {name for name, _ in rows} <= grammar
    assert FUNCTIONS & tables <= TABLE_FUNCTIONS | {"repeat"}
    forbidden = ("read_", "duckdb_", "pragma_", "current_setting", "query", "execute", "getenv")
    assert not [name for name in FUNCTIONS | TABLE_FUNCTIONS if name.startswith(forbidden)]


def test_views_read_only_tables_and_say_which(parser: duckdb.DuckDBPyConnection) -> None:
    for view in VIEWS.values():
        assert check(parser, view.select, COLUMNS) == set(view.reads)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("requests | take 5", "kql"),
        ("  // last ones\n requests\n| take 5", "kql"),
        ("slowRequests|count", "kql"),
        ("let bad = 500; requests | count", "kql"),
        ("union traces, exceptions | take 1", "kql"),
        ("AppRequests | take 1", "kql"),
        ("SELECT 1", "sql"),
        ("FROM requests", "sql"),
        ("requests || 'x'", "sql"),
    ],
)
def test_kql_is_known_by_its_beginning(text: str, language: str) -> None:
    assert language_of(text, None) == language


def test_the_language_that_is_named_counts() -> None:
    assert language_of("print 1", "kql") == "kql"
    with pytest.raises(BadInput, match="'cypher'"):
        language_of("MATCH (n)", "cypher")


@pytest.mark.parametrize(
    "kql",
    [
        "requests | where timestamp > ago(1h) "
        "| summarize percentile(duration, 95) by bin(timestamp, 1m)",
        "requests | join kind=inner (traces) on operation_Id | take 3",
        "union requests, traces | summarize count() by cloud_RoleName",
        "let slow = 100; requests | where duration > slow | top 3 by duration",
        "requests | summarize arg_max(timestamp, *), dcount(client_IP) by name",
        "traces | where message has 'x' and severityLevel >= 3 | project timestamp, message",
        "requests | extend d = tostring(customDimensions.a) | distinct d",
        "requests | where name matches regex 'a.*' | extend s = strcat(name, 'b')",
        "requests | where timestamp between (ago(1d) .. now()) | count",
        "requests | getschema",
    ],
)  # fmt: skip
def test_kql_passes_the_same_gate(parser: duckdb.DuckDBPyConnection, kql: str) -> None:
    assert "requests" in check(parser, to_sql(kql, COLUMNS), COLUMNS) or kql.startswith("traces")


@pytest.mark.parametrize(
    ("kql", "names"),
    [
        ("requests | summarize percentiles_array(duration, 50, 95)", "'percentiles_array'"),
        ("requests | summarize percentiles(duration, 5, 9) | where ==", "line 1, column 50"),
        ("requests | evaluate pivot(name)", "'Evaluate'"),
        ("requests | foo", "line 1, column 10"),
        ("externaldata(a: string) ['/etc/passwd']", "not supported"),
        (".drop table requests", "not supported"),
        (".set x <| requests", "not supported"),
        ("cluster('x').database('y').requests", "not supported"),
    ],
)
def test_what_kql_cannot_do_here_is_a_sentence(kql: str, names: str) -> None:
    with pytest.raises(BadInput) as refused:
        to_sql(kql, COLUMNS)

    assert names in refused.value.message


@pytest.mark.parametrize(
    ("kql", "spelled"),
    [
        ("x | summarize percentiles(d, 50, 95)", "percentile(d, 50), percentile(d, 95)"),
        ("x | summarize (a, b) = percentiles(d, 50, 95)", "a = percentile(d, 50), b = perc"),
        (
            "x | summarize n=count(), p = percentiles(max_of(d, 1), 5)",
            "p = percentile(max_of(d, 1",
        ),
        ("x | where m == 'percentiles(d, 5, 6)'", "'percentiles(d, 5, 6)'"),
        ("x // percentiles(d, 5, 6)", "// percentiles(d, 5, 6)"),
        ("x | project percentiles", "percentiles"),
        ("x | summarize percentiles(d", "percentiles(d"),
    ],
)
def test_percentiles_are_spelled_out_and_nothing_else_is(kql: str, spelled: str) -> None:
    assert spelled in spelled_out(kql)


@pytest.mark.parametrize(
    ("sql", "place", "look"),
    [
        ("SELECT * FORM requests", "line 1, column 15, near 'requests'", "just before it"),
        ("SELECT *\nFROM requests\nWHERE a = = 3", "line 3, column 11, near '='", "before it"),
        (f"SELECT * FROM a WHERE {'x' * 200} = = 3", "line 1, column 226, near '='", "before"),
        ("SELECT 'a FROM requests", "line 1, column 8", "begins there"),
        ("SELECT", "cannot be read: SELECT clause without selection list", "what to show"),
        ("requests where x > 5", "line 1, column 1, near 'requests'", "--kql"),
        ("SELECT 1 WHERE timestamp > ago(1h)", "near 'h'", "--kql"),
    ],
)
def test_sql_that_cannot_be_parsed_is_told_with_its_place_and_what_to_look_at(
    parser: duckdb.DuckDBPyConnection, sql: str, place: str, look: str
) -> None:
    with pytest.raises(BadInput) as refused:
        check(parser, sql, COLUMNS)

    assert refused.value.message.startswith("The SQL cannot be read")
    assert place in refused.value.message.splitlines()[0]
    assert look in refused.value.message.splitlines()[0]


@pytest.mark.parametrize("kql", [".show tables", "duckdb_settings | take 1", "['/etc/passwd']"])
def test_kql_reaches_no_further_than_sql(parser: duckdb.DuckDBPyConnection, kql: str) -> None:
    with pytest.raises(BadInput, match="There is no table"):
        check(parser, to_sql(kql, COLUMNS), COLUMNS)
