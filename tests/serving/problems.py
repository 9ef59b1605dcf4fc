"""Answers that refuse."""


def refusal(response):
    """Status and body of a problem."""
    assert response.content_type == "application/problem+json"
    return response.status_code, response.get_json()
