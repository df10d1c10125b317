# ruff: noqa: SIM905 - a line of names reads better as words
"""The words that fake people are made of, each with its share where some are more common."""

from typing import NamedTuple


class Place(NamedTuple):
    """Where somebody lives, and what follows from it."""

    country: str
    language: str
    city: str
    time_zone: str
    calling_code: str


#: Places with their shares.
PLACES: dict[Place, int] = {
    Place("US", "en", "New York", "America/New_York", "1"): 90,
    Place("US", "en", "Los Angeles", "America/Los_Angeles", "1"): 60,
    Place("US", "en", "Chicago", "America/Chicago", "1"): 50,
    Place("US", "en", "Houston", "America/Chicago", "1"): 35,
    Place("US", "en", "Denver", "America/Denver", "1"): 25,
    Place("US", "es", "Miami", "America/New_York", "1"): 20,
    Place("US", "en", "Seattle", "America/Los_Angeles", "1"): 20,
    Place("FR", "fr", "Paris", "Europe/Paris", "33"): 80,
    Place("FR", "fr", "Lyon", "Europe/Paris", "33"): 35,
    Place("FR", "fr", "Marseille", "Europe/Paris", "33"): 25,
    Place("FR", "fr", "Toulouse", "Europe/Paris", "33"): 15,
    Place("FR", "fr", "Nantes", "Europe/Paris", "33"): 10,
    Place("FR", "fr", "Lille", "Europe/Paris", "33"): 10,
    Place("GB", "en", "London", "Europe/London", "44"): 70,
    Place("GB", "en", "Manchester", "Europe/London", "44"): 25,
    Place("GB", "en", "Edinburgh", "Europe/London", "44"): 10,
    Place("DE", "de", "Berlin", "Europe/Berlin", "49"): 45,
    Place("DE", "de", "Hamburg", "Europe/Berlin", "49"): 20,
    Place("DE", "de", "München", "Europe/Berlin", "49"): 25,
    Place("CA", "en", "Toronto", "America/Toronto", "1"): 30,
    Place("CA", "fr", "Montréal", "America/Toronto", "1"): 20,
    Place("CA", "en", "Vancouver", "America/Vancouver", "1"): 10,
    Place("ES", "es", "Madrid", "Europe/Madrid", "34"): 30,
    Place("ES", "es", "Barcelona", "Europe/Madrid", "34"): 20,
    Place("MX", "es", "Ciudad de México", "America/Mexico_City", "52"): 40,
    Place("BR", "pt", "São Paulo", "America/Sao_Paulo", "55"): 45,
    Place("BR", "pt", "Rio de Janeiro", "America/Sao_Paulo", "55"): 20,
    Place("PT", "pt", "Lisboa", "Europe/Lisbon", "351"): 12,
    Place("IT", "it", "Milano", "Europe/Rome", "39"): 20,
    Place("IT", "it", "Roma", "Europe/Rome", "39"): 15,
    Place("BE", "fr", "Bruxelles", "Europe/Brussels", "32"): 10,
    Place("BE", "nl", "Antwerpen", "Europe/Brussels", "32"): 8,
    Place("NL", "nl", "Amsterdam", "Europe/Amsterdam", "31"): 18,
    Place("CH", "de", "Zürich", "Europe/Zurich", "41"): 9,
    Place("CH", "fr", "Genève", "Europe/Zurich", "41"): 6,
    Place("AU", "en", "Sydney", "Australia/Sydney", "61"): 22,
    Place("AU", "en", "Melbourne", "Australia/Melbourne", "61"): 15,
    Place("IN", "en", "Mumbai", "Asia/Kolkata", "91"): 30,
    Place("IN", "hi", "Delhi", "Asia/Kolkata", "91"): 25,
    Place("JP", "ja", "Tokyo", "Asia/Tokyo", "81"): 25,
}

GENDERS = {"F": 45, "M": 42, "O": 2, "N": 1, "P": 3, "": 7}

FEMALE, MALE, LAST = 0, 1, 2

#: First names of women, of men, and last names, by language.
NAMES: dict[str, tuple[list[str], list[str], list[str]]] = {
    "en": (
        "Olivia Emma Amelia Grace Chloe Sophia Isla Mia Harper Evelyn Ruby Hannah".split(),
        "Liam Noah Oliver James Jack Henry Lucas Ethan Leo Daniel Samuel Owen".split(),
        "Smith Jones Williams Brown Taylor Davies Evans Wilson Thomas Johnson Walker "
        "Wright Thompson White Hughes Edwards Green Hall Clarke Baker".split(),
    ),
    "fr": (
        "Jade Louise Emma Alice Léa Chloé Inès Camille Manon Zoé Juliette Élise".split(),
        "Gabriel Louis Raphaël Jules Adam Léo Hugo Arthur Paul Théo Nathan Rémi".split(),
        "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon "
        "Laurent Lefèvre Michel Garcia David Bertrand Roux Vincent Fournier".split(),
    ),
    "de": (
        "Emilia Mia Sophia Hannah Lina Marie Lea Anna Clara Johanna Greta Frieda".split(),
        "Noah Leon Paul Finn Felix Elias Jonas Emil Anton Jakob Moritz Jürgen".split(),
        "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann "
        "Koch Bauer Richter Klein Wolf Schröder Neumann Braun Krüger Vogel".split(),
    ),
    "es": (
        "Lucía Sofía Martina María Valeria Julia Paula Daniela Carmen Elena Inés Ana".split(),
        "Hugo Mateo Martín Lucas Leo Daniel Alejandro Pablo Álvaro Diego Javier Andrés".split(),
        "García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Ruiz "
        "Díaz Moreno Muñoz Álvarez Romero Navarro Torres Ramos Gil Vargas".split(),
    ),
    "pt": (
        "Maria Alice Helena Laura Beatriz Júlia Mariana Leonor Inês Carolina Ana Rita".split(),
        "Miguel Arthur João Pedro Davi Lucas Gabriel Tiago Rodrigo Rafael Duarte Nuno".split(),
        "Silva Santos Oliveira Souza Rodrigues Ferreira Alves Pereira Lima Gomes Costa "
        "Ribeiro Martins Carvalho Almeida Lopes Soares Fernandes Vieira Barbosa".split(),
    ),
    "it": (
        "Sofia Aurora Giulia Ginevra Beatrice Alice Vittoria Emma Chiara Anna".split(),
        "Leonardo Francesco Alessandro Lorenzo Mattia Tommaso Andrea Marco Luca Davide".split(),
        "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco".split(),
    ),
    "nl": (
        "Emma Julia Mila Tess Sophie Zoë Sara Nora Lotte Fleur".split(),
        "Noah Daan Sem Lucas Finn Levi Bram Thijs Jesse Lars".split(),
        "Jansen Bakker Visser Smit Meijer Mulder Peeters Janssens Maes Willems".split(),
    ),
    "hi": (
        "Aadhya Ananya Diya Priya Kavya Meera Neha Pooja Riya Sneha".split(),
        "Aarav Arjun Dev Ishaan Kabir Rohan Rahul Sanjay Vikram Vivaan".split(),
        "Sharma Verma Gupta Singh Kumar Patel Mehta Reddy Iyer Kapoor".split(),
    ),
    "ja": (
        "Yui Hana Sakura Aoi Rin Mei Akari Mio Haruka Naomi".split(),
        "Haruto Yuto Sota Ren Kaito Riku Hiroshi Kenji Takumi Daiki".split(),
        "Sato Suzuki Takahashi Tanaka Watanabe Ito Yamamoto Nakamura Kobayashi Kato".split(),
    ),
}

MAIL_DOMAINS = {"example.com": 60, "example.org": 25, "mail.example.com": 10, "example.net": 5}
EMAIL_STATES = {"subscribed": 70, "opted_in": 18, "unsubscribed": 12}
PUSH_STATES = {"subscribed": 55, "opted_in": 30, "unsubscribed": 15}

PLANS = {"free": 55, "starter": 25, "pro": 15, "enterprise": 5}
INTERESTS = "analytics automation billing design integrations mobile reporting security".split()
COMPANIES = "Acorn Bluebird Cobalt Dovetail Ember Foxglove Granite Harbour Juniper Lantern".split()
INDUSTRIES = {"retail": 30, "software": 25, "media": 15, "travel": 12, "finance": 10, "health": 8}
EMPLOYEES = {5: 40, 20: 25, 80: 18, 400: 12, 3000: 5}
