"""Files of banks: told apart, understood, and refused in words."""

from datetime import date
from typing import Any

import pytest

from funds.money import Money
from payments.banking.files.camt_file import open_camt
from payments.banking.files.columns import Columns, guess_columns
from payments.banking.files.csv_file import open_csv, tell_shape
from payments.banking.files.formats import decode, tell_format
from payments.banking.files.lines import FileLine, StatementFileError, StatementReader
from payments.banking.files.ofx_file import open_ofx
from payments.banking.files.values import DateOrder, DecimalMark
from payments.models import StatementImport
from tests.factories import gbp
from tests.payments.banking.statements import Told, camt_of, csv_of, ofx_of

Format = StatementImport.Format
DAY = date(2026, 11, 7)
TOLD = [
    Told(DAY, gbp("25.50"), "Standing order & more", "RALLY 7", "a1"),
    Told(DAY, gbp("-3"), "Bank charge", "", "a2"),
]


def lines_of(reader: StatementReader) -> list[FileLine | None]:
    return list(reader.read())


def guessed(content: bytes, **changes: Any) -> tuple[Columns, list[FileLine | None]]:
    shape = tell_shape(content)
    columns = guess_columns(shape.header, shape.sample)
    return columns, lines_of(open_csv(content, columns, decimals=2))


def told(*rows: str, encoding: str = "utf-8") -> bytes:
    return "\r\n".join([*rows, ""]).encode(encoding)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (csv_of(TOLD), Format.CSV),
        (b"\xef\xbb\xbf" + csv_of(TOLD), Format.CSV),
        (ofx_of(TOLD), Format.OFX),
        (b'<?xml version="1.0"?><?OFX OFXHEADER="200" VERSION="211"?><OFX></OFX>', Format.OFX),
        (camt_of(TOLD), Format.CAMT),
        (csv_of(TOLD).decode().encode("utf-16"), Format.CSV),
    ],
)
def test_a_format_is_told_by_what_the_file_holds(content: bytes, expected: str) -> None:
    assert tell_format(content) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"  \r\n", "empty"),
        (b"%PDF-1.7", "none of the formats"),
        (b"PK\x03\x04", "none of the formats"),
        (b"<html>", "none of the formats"),
    ],
)
def test_other_files_are_refused_with_what_to_export(content: bytes, words: str) -> None:
    with pytest.raises(StatementFileError, match=words):
        tell_format(content)


def test_letters_are_read_as_utf_8_or_as_windows_wrote_them() -> None:
    assert decode("£5 from Łódź".encode()) == "£5 from Łódź"
    assert decode("£5".encode("cp1252")) == "£5"
    assert decode("£5".encode("utf-8-sig")) == "£5"
    assert decode("£5".encode("utf-16")) == "£5"
    assert decode("£".encode()[:1], is_part=True) == ""


class TestCsv:
    def test_a_british_bank_with_paid_out_and_paid_in(self) -> None:
        columns, lines = guessed(
            told(
                "Account name,Fighting fund",
                "Account number,12345678",
                "",
                "Date,Transaction type,Description,Paid out,Paid in,Balance",
                '07 Nov 2026,Bank credit,"CREDIT 000123","","£1,312.50","£9,000.00"',
                "08 Nov 2026,Direct debit,RENT,£700.00,,£8300.00",
                "",
                "Total,,,£700.00,£1312.50,",
            )
        )

        assert columns == Columns(date=0, credit=4, debit=3, text=(1, 2))
        assert [line for line in lines if line] == [
            FileLine(date(2026, 11, 7), 131_250, "Bank credit CREDIT 000123"),
            FileLine(date(2026, 11, 8), -70_000, "Direct debit RENT"),
        ]

    def test_a_german_bank_with_commas_and_semicolons(self) -> None:
        columns, lines = guessed(
            told(
                "Buchungstag;Auftraggeber;Verwendungszweck;Betrag",
                "07.11.2026;Müller;Spende RALLY;1.025,50",
                "07.11.2026;Bank;Gebühr;-3,00",
                encoding="cp1252",
            )
        )

        assert columns == Columns(
            date=0, amount=3, reference=2, text=(1,), decimal_mark=DecimalMark.COMMA
        )
        assert lines == [
            FileLine(DAY, 102_550, "Müller", "Spende RALLY"),
            FileLine(DAY, -300, "Bank", "Gebühr"),
        ]

    def test_an_american_date_is_seen_when_a_day_is_over_twelve(self) -> None:
        columns, lines = guessed(
            told("Date,Description,Amount", "11/07/2026,A,1.00", "11/25/2026,B,2.00")
        )

        assert columns.date_order == DateOrder.MDY
        assert [line.booked_on for line in lines if line] == [DAY, date(2026, 11, 25)]

    def test_an_amount_without_a_sign_has_its_direction_beside_it(self) -> None:
        columns, lines = guessed(
            told("Date,Credit/Debit,Amount,Details", "07/11/2026,CR,5.00,A", "07/11/2026,Debit,2,B")
        )

        assert (columns.amount, columns.direction) == (2, 1)
        assert [line.amount_minor for line in lines if line] == [500, -200]

    def test_a_file_without_a_header_is_guessed_by_its_rows(self) -> None:
        content = told("07/11/2026,CREDIT 000123,25.00,100.00", "08/11/2026,RENT,-7.00,93.00")
        columns, lines = guessed(content)

        assert tell_shape(content).header_row == -1
        assert columns == Columns(date=0, amount=2, text=(1,))
        assert [line.text for line in lines if line] == ["CREDIT 000123", "RENT"]

    def test_tabs_and_the_bank_s_own_number(self) -> None:
        columns, lines = guessed(
            told("Transaction ID\tDate\tAmount\tNarrative", "77\t2026-11-07\t5.00\tA")
        )

        assert columns.bank_id == 0
        assert lines == [FileLine(DAY, 500, "A", bank_id="77")]

    def test_the_header_s_words_make_the_fingerprint(self) -> None:
        first = told("Date,Details,Amount", "07/11/2026,A,1.00")
        later = told("DATE, details ,Amount", "08/11/2026,B,2.00")
        other = told("Date,Details,Value", "08/11/2026,B,2.00")

        assert tell_shape(first).fingerprint == tell_shape(later).fingerprint
        assert tell_shape(first).fingerprint != tell_shape(other).fingerprint

    def test_rows_without_money_are_left_out(self) -> None:
        _, lines = guessed(
            told("Date,Details,Amount", "07/11/2026,A,1.00", "07/11/2026,Note,0.00", "End,,")
        )

        assert [bool(line) for line in lines] == [True, False, False]

    @pytest.mark.parametrize(
        ("row", "words"),
        [
            ("07/11/2026,B,ten 10", "Row 3: “ten 10” is not an amount"),
            ("07/11/2026,B,", "Row 3 has a date and no amount"),
            ("99/11/2026,B,1.00", "Row 3: “99/11/2026” is not a date"),
        ],
    )
    def test_a_row_that_is_half_a_line_is_named(self, row: str, words: str) -> None:
        content = told("Date,Details,Amount", "07/11/2026,A,1.00", row)
        columns = Columns(date=0, amount=2, text=(1,))

        with pytest.raises(StatementFileError, match=words):
            lines_of(open_csv(content, columns, decimals=2))

    def test_a_direction_that_is_none_is_named(self) -> None:
        content = told("Date,Dr/Cr,Amount", "07/11/2026,maybe,1.00")

        with pytest.raises(StatementFileError, match="“maybe” is neither in nor out"):
            lines_of(open_csv(content, Columns(date=0, amount=2, direction=1), decimals=2))

    def test_a_dash_is_no_money(self) -> None:
        content = told("Date,Out,In", "07/11/2026,-,1.00", "07/11/2026,-2.00,n/a")
        columns = Columns(date=0, debit=1, credit=2)

        found = lines_of(open_csv(content, columns, decimals=2))

        assert [line.amount_minor for line in found if line] == [100, -200]

    def test_a_file_without_columns_is_refused(self) -> None:
        with pytest.raises(StatementFileError, match="no columns"):
            tell_shape(b"just a letter\r\nto the treasurer")

    def test_control_characters_and_long_texts_are_tidied(self) -> None:
        content = told("Date,Details,Amount", f'07/11/2026,"A\x00\n{"B" * 900}",1.00')

        (line,) = lines_of(open_csv(content, Columns(date=0, amount=2, text=(1,)), decimals=2))

        assert line is not None
        assert line.text.startswith("A BBB")
        assert len(line.text) == 500

    def test_columns_are_kept_as_json_and_come_back(self) -> None:
        columns = Columns(date=3, credit=1, text=(0, 2), date_order=DateOrder.YMD)

        assert Columns.from_json(columns.as_json()) == columns


class TestOfx:
    def test_both_generations_are_read(self) -> None:
        reader = open_ofx(ofx_of(TOLD), decimals=2)

        assert (reader.account_number, reader.currency) == ("608301 12345678", "GBP")
        assert lines_of(reader) == [
            FileLine(DAY, 2550, "Standing order & more", "RALLY 7", "a1"),
            FileLine(DAY, -300, "Bank charge", "", "a2"),
        ]

    def test_xml_is_read_and_a_card_account_too(self) -> None:
        content = (
            b'<?xml version="1.0" encoding="UTF-8"?>'
            b'<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" '
            b'NEWFILEUID="NONE"?><OFX><CREDITCARDMSGSRSV1><CCSTMTTRNRS><CCSTMTRS>'
            b"<CURDEF>EUR</CURDEF><CCACCTFROM><ACCTID>99</ACCTID></CCACCTFROM><BANKTRANLIST>"
            b"<STMTTRN><TRNTYPE>CREDIT</TRNTYPE><DTPOSTED>20261107</DTPOSTED>"
            b"<TRNAMT>5,00</TRNAMT><FITID>1</FITID><MEMO>Gift</MEMO><INTU.X>own</INTU.X></STMTTRN>"
            b"<STMTTRN><TRNTYPE>OTHER</TRNTYPE><DTPOSTED>20261107</DTPOSTED>"
            b"<TRNAMT>0.00</TRNAMT><FITID>2</FITID></STMTTRN>"
            b"</BANKTRANLIST></CCSTMTRS></CCSTMTTRNRS></CREDITCARDMSGSRSV1></OFX>"
        )
        reader = open_ofx(content, decimals=2)

        assert (reader.account_number, reader.currency) == ("99", "EUR")
        assert lines_of(reader) == [FileLine(DAY, 500, "Gift", "", "1"), None]

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"OFXHEADER:100\nnothing", "cannot be read"),
            (ofx_of([]).replace(b"STMTRS", b"OTHERS"), "no statement"),
            (
                ofx_of(TOLD).replace(b"<STMTTRNRS>", b"<STMTTRNRS><STMTRS><CURDEF>EUR</STMTRS>", 1),
                "more than one account",
            ),
        ],
    )
    def test_what_cannot_be_read_is_refused(self, content: bytes, words: str) -> None:
        with pytest.raises(StatementFileError, match=words):
            open_ofx(content, decimals=2)

    def test_an_entry_without_a_date_is_refused(self) -> None:
        content = ofx_of(TOLD).replace(b"20261107", b"notadate")

        with pytest.raises(StatementFileError, match="no date or amount"):
            lines_of(open_ofx(content, decimals=2))


class TestCamt:
    @pytest.mark.parametrize(
        ("version", "status"),
        [
            ("camt.053.001.02", "<Sts>BOOK</Sts>"),
            ("camt.053.001.04", "<Sts>BOOK</Sts>"),
            ("camt.053.001.08", "<Sts><Cd>BOOK</Cd></Sts>"),
            ("camt.053.001.13", "<Sts><Cd>BOOK</Cd></Sts>"),
        ],
    )
    def test_every_version_is_read(self, version: str, status: str) -> None:
        reader = open_camt(camt_of(TOLD, version=version, status=status), decimals=2)

        assert (reader.account_number, reader.currency) == ("GB33BUKB20201555555555", "GBP")
        expected = [
            FileLine(DAY, 2550, "Standing order & more", "RALLY 7", "a1"),
            FileLine(DAY, -300, "Bank charge", "", "a2"),
        ]
        assert lines_of(reader) == lines_of(reader) == expected

    @pytest.mark.parametrize("status", ["<Sts>PDNG</Sts>", "<Sts><Cd>INFO</Cd></Sts>"])
    def test_what_the_bank_has_not_booked_is_left_out(self, status: str) -> None:
        assert lines_of(open_camt(camt_of(TOLD, status=status), decimals=2)) == [None, None]

    def test_an_entry_that_was_booked_as_one_sum_is_one_line(self) -> None:
        content = camt_of([Told(DAY, gbp(30), "one")]).replace(
            b"</TxDtls>",
            b"</TxDtls><TxDtls><Amt Ccy='GBP'>10.00</Amt><Refs><ChqNb>100045</ChqNb></Refs>"
            b"<RltdPties><Dbtr><Pty><Nm>Payer</Nm></Pty></Dbtr></RltdPties></TxDtls>",
        )

        assert lines_of(open_camt(content, decimals=2)) == [
            FileLine(DAY, 3000, "one Payer", "100045")
        ]

    def test_a_moment_and_the_value_date_do_for_a_day(self) -> None:
        content = camt_of([Told(DAY, gbp(30))])
        moment = content.replace(b"<Dt>2026-11-07</Dt>", b"<DtTm>2026-11-07T09:00:00+00:00</DtTm>")
        value = content.replace(b"BookgDt", b"ValDt")

        for one in (moment, value):
            assert [line and line.booked_on for line in lines_of(open_camt(one, decimals=2))] == [
                DAY
            ]

    def test_a_nought_moves_nothing(self) -> None:
        content = camt_of([Told(DAY, gbp(30))]).replace(b"30.00", b"0.00")

        assert lines_of(open_camt(content, decimals=2)) == [None]

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (camt_of(TOLD)[:-40], "cannot be read"),
            (
                camt_of(TOLD).replace(b"<Document", b'<!DOCTYPE x [<!ENTITY a "b">]><Document', 1),
                "cannot be read",
            ),
            (
                camt_of(TOLD).replace(
                    b"<Stmt>", b"<Stmt><Acct><Id><Othr><Id>2</Id></Othr></Id></Acct></Stmt><Stmt>"
                ),
                "more than one account",
            ),
            (camt_of(TOLD).replace(b'Ccy="GBP">3.00', b'Ccy="EUR">3.00'), "more than one currency"),
        ],
    )
    def test_what_cannot_be_read_is_refused(self, content: bytes, words: str) -> None:
        with pytest.raises(StatementFileError, match=words):
            open_camt(content, decimals=2)

    def test_an_entry_without_a_side_is_refused(self) -> None:
        content = camt_of(TOLD).replace(b"CRDT", b"????")

        with pytest.raises(StatementFileError, match="no date, amount or side"):
            lines_of(open_camt(content, decimals=2))


def test_a_currency_without_pence_has_none() -> None:
    told_yen = Told(DAY, Money(1500, "JPY"))
    content = camt_of([told_yen]).replace(b"15.00", b"1500").replace(b"GBP", b"JPY")

    assert [line and line.amount_minor for line in lines_of(open_camt(content, decimals=0))] == [
        1500
    ]
