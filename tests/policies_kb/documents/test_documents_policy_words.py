"""What is a privacy policy and what only shares its words."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies_kb.documents import check_is_policy, read_document
from policies_kb.errors import SourceError
from policies_kb.knowledge import ROOT

PROJECT = ROOT.parent
DEVELOPMENT = PROJECT.parent / "shared" / "eval" / "dev"
POLICIES = [*ROOT.glob("*/*.txt"), *(PROJECT / "quality" / "newcomers").glob("*.txt"), *DEVELOPMENT.glob("*.txt")]

OTHERS = {
    "a recipe": """Lemon drizzle cake. You need four eggs, 200 g of sugar, 200 g of butter, 200 g of flour and two
        lemons. Beat the butter with the sugar until it is pale, then add the eggs one after the other. We like to
        grate the peel into the dough. Bake it for 45 minutes. Share it with your friends, or keep it in a tin for as
        long as you can. If you use our app, you may collect recipes, and we send you a new one each week, if that is
        what you like.""",
    "a recipe for cookies": """Our best cookies. You collect 200 g of flour, two eggs and 100 g of sugar. We use
        brown sugar, and we keep our cookies in a jar. Cookies on a tray need space. We bake the cookies for twelve
        minutes at 180 degrees. Let them cool on the tray, or your cookies break. Store them for a week at most. You
        can share them with third parties such as neighbours. Write to us about your own cookies, we read all that you
        send to us.""",
    "terms of sale": """Terms of sale. These terms apply to all goods that you buy from our shop. Your order is an
        offer, and we accept it when we send the goods to you. Prices include tax. We deliver within five working
        days. You can withdraw from the contract within fourteen days without a reason, and we refund what you paid to
        us. Our service providers carry the goods. We are liable for defects for two years. Your personal information
        is needed for the delivery. We may change these terms; we tell you of changes in time. The law of our seat
        applies to all this.""",
    "a page of a novel": """She had not slept. The letter lay where she had left it, and the rain had found its way
        in by the window. You will come back, he had said, and we will talk of it, your brother and I. Now the house
        was quiet. She thought of the garden, of the information that the old man had given her about the boat, and
        that she had kept it to herself. Somebody had to go to the harbour. We never speak of such things, her mother
        used to say, and your father would not have liked it. She took her coat, closed the door behind her and went
        out into the rain.""",
    "source code": """def collect(data): return [process(item) for item in data if item.consent] class Controller:
        cookies = {}; retention = 30 def share(self, third_party, information): self.cookies[third_party] =
        information; return self.retention def personal_data(user): return {"name": user.name, "mail": user.mail,
        "your": user.address} if __name__ == "__main__": main(collect(personal_data(User.current())), Controller(),
        retention=6, we=True)""",
    "an invoice": """Invoice 2026-0417. Acme Limited, 1 Example Street. Date: 2 May 2026. Your order: 4410. For your
        order we charge you: 12 chairs at 49.00 each, 588.00; 2 tables at 120.00 each, 240.00; delivery 35.00. Total
        863.00, tax included at 20 per cent. Please pay to our account within 30 days and give the number of the
        invoice. If you have questions, write to us at accounts@example.org or call us: +44 20 7946 0123. We thank you
        for your order.""",
    "filler": "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore. "
    * 5,
    "one word": "privacy " * 100,
    "a dictionary of privacy": " ".join(["consent", "cookies", "retention", "controller", "third parties"] * 20),
    "a manual": """Setting up your camera. We recommend that you put it two metres above the floor. Plug it in, open
        our app and follow the steps. The camera stores recordings on your card. You can delete recordings in the app.
        If your device does not connect, press the button on its back for ten seconds. Our service team helps you from
        Monday to Friday. We update the software of your camera at night. Keep it dry, and clean the lens with a soft
        cloth only.""",
    "a report on the law": """The parliament passed a bill on data protection on Tuesday. It obliges companies to
        obtain consent before they share personal data with third parties, and it gives people a right to access and a
        right to erasure. The regulator may fine a controller up to four per cent of its turnover. Critics say that
        retention of data by telephone companies is left out. The minister called it a good day for privacy. Industry
        groups said that cookies on websites and analytics would become more expensive, and that small companies would
        suffer from it.""",
}


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.parent.name + "/" + path.stem)
def test_a_policy_is_taken_for_one(path: Path) -> None:
    check_is_policy(path.read_text("utf-8"))


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.parent.name + "/" + path.stem)
def test_so_is_the_first_half_of_it(path: Path) -> None:
    text = path.read_text("utf-8")
    check_is_policy(text[: len(text) // 2])


@pytest.mark.parametrize("what", OTHERS)
def test_another_text_is_not(what: str) -> None:
    with pytest.raises(SourceError, match="does not read like a privacy policy .*--anyway"):
        check_is_policy(OTHERS[what])


@pytest.mark.parametrize("name", ["README.md", "docs/architecture.md", "docs/requests.md", "policies_kb/profile.py"])
def test_nor_is_what_a_project_like_this_writes_about_policies(name: str) -> None:
    with pytest.raises(SourceError, match="does not read like a privacy policy"):
        check_is_policy((PROJECT / name).read_text("utf-8"))


def test_a_short_text_is_refused_for_its_length() -> None:
    with pytest.raises(SourceError, match="has 35 characters, and a privacy policy has at least 300"):
        check_is_policy("We collect   personal data about you.\n\n  \n")


def test_a_labeller_may_save_a_text_in_doubt_but_not_one_about_something_else() -> None:
    doubtful = "We process your personal data fairly. " + "You find us in the yard behind the mill. " * 40
    with pytest.raises(SourceError):
        check_is_policy(doubtful, lambda text: 0.4)
    check_is_policy(doubtful, lambda text: 0.6)
    with pytest.raises(SourceError):
        check_is_policy(OTHERS["a recipe"], lambda text: 1.0)


def test_a_file_is_checked_unless_the_caller_knows_better(tmp_path: Path) -> None:
    path = tmp_path / "cake.txt"
    path.write_text(OTHERS["a recipe"], "utf-8")
    with pytest.raises(SourceError, match=r"^cake.txt: does not read like a privacy policy"):
        read_document(path)
    assert "Lemon" in read_document(path, must_be_policy=False).text
