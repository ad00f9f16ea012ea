"""Files as banks write them, made for a test, and the way through the import."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

from funds.models import User
from funds.money import Money, to_minor
from payments.banking.files.columns import Columns
from payments.banking.importing import ArrivedFile, confirm_columns, keep_file, read_due_files
from payments.models import BankAccount, StatementImport, StatementLine
from tests.factories import make_user

COLUMNS = Columns(date=0, text=(1,), reference=2, amount=3)
"""Of ``csv_of``."""


@dataclass(frozen=True)
class Told:
    """A line that a test's bank has booked."""

    day: date
    amount: Money
    text: str = ""
    reference: str = ""
    bank_id: str = ""

    @property
    def minor(self) -> int:
        return to_minor(self.amount)


def csv_of(lines: Iterable[Told]) -> bytes:
    """Date, description, reference, amount: day first, a point before the pence."""
    rows = ["Date,Description,Reference,Amount"]
    rows += [
        f'{one.day:%d/%m/%Y},"{one.text}","{one.reference}",{one.minor / 100:.2f}' for one in lines
    ]
    return "\r\n".join([*rows, ""]).encode()


def ofx_of(lines: Iterable[Told], *, number: str = "12345678") -> bytes:
    """OFX of the first generation: SGML, elements left open."""
    entries = "".join(
        f"<STMTTRN><TRNTYPE>OTHER<DTPOSTED>{one.day:%Y%m%d}120000[0:GMT]"
        f"<TRNAMT>{one.minor / 100:.2f}<FITID>{one.bank_id}"
        + (f"<CHECKNUM>{one.reference}" if one.reference else "")
        + f"<NAME>{escape(one.text) or 'none'}</STMTTRN>\n"
        for one in lines
    )
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\n"
        "CHARSET:1252\nCOMPRESSION:NONE\nOLDFILEUID:NONE\nNEWFILEUID:NONE\n\n"
        "<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS>"
        "<DTSERVER>20261125<LANGUAGE>ENG</SONRS></SIGNONMSGSRSV1>"
        "<BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS>"
        f"<CURDEF>GBP<BANKACCTFROM><BANKID>608301<ACCTID>{number}<ACCTTYPE>CHECKING"
        f"</BANKACCTFROM><BANKTRANLIST><DTSTART>20260101<DTEND>20261231\n{entries}"
        "</BANKTRANLIST><LEDGERBAL><BALAMT>0.00<DTASOF>20261125</LEDGERBAL>"
        "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n"
    ).encode("cp1252")


def camt_of(
    lines: Iterable[Told],
    *,
    iban: str = "GB33BUKB20201555555555",
    version: str = "camt.053.001.08",
    status: str = "<Sts><Cd>BOOK</Cd></Sts>",
    currency: str = "GBP",
) -> bytes:
    """CAMT.053 with one statement."""
    entries = "".join(
        f'<Ntry><Amt Ccy="{currency}">{abs(one.minor) / 100:.2f}</Amt>'
        f"<CdtDbtInd>{'CRDT' if one.minor > 0 else 'DBIT'}</CdtDbtInd>{status}"
        f"<BookgDt><Dt>{one.day}</Dt></BookgDt>"
        + (f"<AcctSvcrRef>{one.bank_id}</AcctSvcrRef>" if one.bank_id else "")
        + "<NtryDtls><TxDtls><Refs><EndToEndId>"
        f"{escape(one.reference) or 'NOTPROVIDED'}</EndToEndId></Refs>"
        f"<RmtInf><Ustrd>{escape(one.text)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n"
        for one in lines
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{version}"><BkToCstmrStmt>'
        "<GrpHdr><MsgId>1</MsgId><CreDtTm>2026-11-25T10:00:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>1</Id><Acct><Id><IBAN>{iban}</IBAN></Id></Acct>{entries}</Stmt>"
        "</BkToCstmrStmt></Document>\n"
    ).encode()


def make_account(name: str = "Unity Trust", *, currency: str = "GBP") -> BankAccount:
    account, _ = BankAccount.objects.get_or_create(
        name=name, defaults={"currency": currency, "made_by": make_user()}
    )
    return account


def keep(
    content: bytes, *, account: BankAccount | None = None, by: User | None = None
) -> StatementImport:
    """A file that arrived; the columns of a CSV are confirmed as those of ``csv_of``."""
    by = by or make_user()
    kept = keep_file(account or make_account(), ArrivedFile("statement", content), imported_by=by)
    if kept.state == StatementImport.State.COLUMNS:
        confirm_columns(kept, COLUMNS, confirmed_by=by)
    return kept


def read(content: bytes, *, account: BankAccount | None = None) -> StatementImport:
    """A file that arrived and was read."""
    kept = keep(content, account=account)
    read_due_files()
    kept.refresh_from_db()
    return kept


def take(*lines: Told, account: BankAccount | None = None) -> list[StatementLine]:
    """Lines that stand on the statement, in their order."""
    kept = read(csv_of(lines), account=account)
    assert kept.state == StatementImport.State.DONE, kept.last_error
    return list(StatementLine.objects.filter(statement_import=kept).order_by("pk"))
