"""Numbers: the shared vectors, and that an error never holds what was dialled."""

import json

from call.number import NumberError, normalise
from check import equal, run

VECTORS = __file__.rsplit("/firmware/", 1)[0] + "/protocol/vectors/number.json"


def result(dialled, plan):
    try:
        return normalise(dialled, plan)
    except NumberError as error:
        equal(len(dialled) > 3 and dialled in str(error), False)
        return None


def test_vectors():
    with open(VECTORS) as file:
        shared = json.load(file)
    equal(len(shared["vectors"]) > 20, True)
    for vector in shared["vectors"]:
        have = result(vector["dialled"], shared["plans"][vector["plan"]])
        if have != vector["canonical"]:
            raise AssertionError("{}, {}: {}".format(vector["plan"], vector["dialled"], have))


def test_what_is_no_digit_is_refused_wherever_it_stands():
    plan = {"country": "1", "international": "011", "trunk": "1", "national_length": 10, "area": "212"}
    equal(result("2125550100", plan), "12125550100")
    for place in range(11):
        for wrong in "*# -.,+pw\u0660":
            if place or wrong != "+":
                equal(result("2125550100"[:place] + wrong + "2125550100"[place:], plan), None)
                equal(result("2125550100"[:place] + wrong + "2125550100"[place + 1 :], plan), None)


if __name__ == "__main__":
    run(globals())
