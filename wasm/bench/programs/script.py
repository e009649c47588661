# SPDX-License-Identifier: Apache-2.0
# What the interpreter of the bench runs.
import re

class Account:
    def __init__(self, name):
        self.name = name
        self.entries = []

    def add(self, amount):
        self.entries.append(amount)

    @property
    def balance(self):
        return sum(self.entries)

def primes(limit):
    sieve = [True] * limit
    for i in range(2, limit):
        if sieve[i]:
            yield i
            for j in range(i * i, limit, i):
                sieve[j] = False

def parse(text):
    pairs = {}
    for key, value in re.findall(r"(\w+)=(\d+)", text):
        pairs[key] = pairs.get(key, 0) + int(value)
    return pairs

def queens(n, row=0, columns=(), found=0):
    if row == n:
        return found + 1
    for column in range(n):
        if all(column != c and abs(column - c) != row - r for r, c in enumerate(columns)):
            found = queens(n, row + 1, columns + (column,), found)
    return found

def work(turn):
    accounts = {}
    for prime in primes(120 + turn % 7 * 10):
        name = "a%d" % (prime % (5 + turn % 3))
        accounts.setdefault(name, Account(name)).add(prime * 1.5)
    text = ";".join("%s=%d" % (a.name, a.balance) for a in sorted(accounts.values(), key=lambda a: (-a.balance, a.name)))
    return parse(text), queens(4 + turn % 2)

for turn in range(40):
    result = work(turn)
print(result)
